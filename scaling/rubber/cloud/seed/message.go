package seed

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"
)

// Limits of user data in bytes.
const (
	// NovaLimit is OpenStack's: its API takes up to 65535 characters of base64.
	// (nova/api/openstack/compute/schemas/servers.py)
	NovaLimit = 65535 / 4 * 3

	// DiskLimit is ours, of a NoCloud disk.
	DiskLimit = 1 << 20
)

// message is several parts as one, in their order; one alone is as it is. The
// same parts are the same bytes.
func message(parts []Part) ([]byte, error) {
	if len(parts) == 1 && parts[0].Type == "" {
		_, err := parts[0].mimeType() // nothing else would tell what it is
		return parts[0].Content, err
	}
	hash := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(hash, "%q %q %q\n", p.Name, p.Type, p.Content)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	// No part has this in it, as it would have to have its own hash.
	if err := w.SetBoundary(fmt.Sprintf("===rubber-%x===", hash.Sum(nil)[:16])); err != nil {
		return nil, err
	}
	fmt.Fprintf(&body, "Content-Type: multipart/mixed; boundary=%q\r\nMIME-Version: 1.0\r\n\r\n", w.Boundary())
	for n := range parts {
		if err := writePart(w, &parts[n], n+1); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}

// writePart adds a part: as it is if mail could carry it, else in base64.
func writePart(w *multipart.Writer, p *Part, place int) error {
	name, err := partName(p, place)
	if err != nil {
		return fmt.Errorf("part %q: %w", p.Name, err)
	}
	kind, err := p.mimeType()
	if err != nil {
		return fmt.Errorf("part %q: %w", name, err)
	}
	header := textproto.MIMEHeader{
		"Content-Type":              {kind + `; charset="utf-8"`},
		"Content-Disposition":       {fmt.Sprintf("attachment; filename=%q", name)},
		"Content-Transfer-Encoding": {"7bit"},
		"Mime-Version":              {"1.0"},
	}
	if p.merge != "" {
		header.Set("Merge-Type", p.merge)
	}
	content := p.Content
	if !sevenBit(content) {
		header.Set("Content-Transfer-Encoding", "base64")
		content = lines64(content)
	}
	part, err := w.CreatePart(header)
	if err == nil {
		_, err = part.Write(content)
	}
	return err
}

// maxLine is the longest line in a mail, without its end (RFC 5322, 2.1.1).
const maxLine = 998

// sevenBit says whether a content may be part of a mail without encoding.
func sevenBit(content []byte) bool {
	if !plain(content) {
		return false
	}
	for line := range bytes.Lines(content) {
		if len(line) > maxLine {
			return false
		}
	}
	return true
}

// lines64 is base64 in lines of 76 characters.
func lines64(content []byte) []byte {
	text := base64.StdEncoding.EncodeToString(content)
	var out strings.Builder
	for len(text) > 76 {
		out.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	out.WriteString(text + "\r\n")
	return []byte(out.String())
}

// compress is gzip, the same for the same bytes: there is no time in it.
func compress(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

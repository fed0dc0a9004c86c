package rrd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// raggedFixture is the one whose rows are shorter than its legend.
const raggedFixture = "r2013/mismatched_archive_columns"

// TestTestdata compares the decoders with what the toolstack's own reader
// made of its documents: testdata has scenarios of three versions.
func TestTestdata(t *testing.T) {
	n := compareTree(t, filepath.Join("testdata", "rrd_updates"))
	for _, version := range []string{"head", "v24_19_2", "r2013"} {
		if n[version] < 12 {
			t.Errorf("%s: %d scenarios in testdata, want at least 12", version, n[version])
		}
	}
}

// TestAllFixtures does the same for every scenario there is, where the
// shared folder is at hand.
func TestAllFixtures(t *testing.T) {
	dir := sharedFixtures(t)
	n := compareTree(t, filepath.Join(dir, "rrd_updates"))
	if len(n) < 3 {
		t.Errorf("%d versions in %s, want at least 3", len(n), dir)
	}
}

// sharedFixtures finds the fixtures beside the checkout, or skips the test.
func sharedFixtures(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the package")
		}
		dir = parent
	}
	probe := filepath.Join(dir, "..", "shared", "fixtures")
	if _, err := os.Stat(filepath.Join(probe, "rrd_updates")); err != nil {
		t.Skipf("no shared fixtures: %v", err)
	}
	return probe
}

// compareTree compares every scenario of every version below root, and
// returns the number of scenarios by version.
func compareTree(t *testing.T, root string) map[string]int {
	t.Helper()
	expected, err := filepath.Glob(filepath.Join(root, "*", "*.expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	scenarios := map[string]int{}
	decodes := 0
	for _, path := range expected {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		base := strings.TrimSuffix(path, ".expected.tsv")
		version := filepath.Base(filepath.Dir(path))
		name := version + "/" + filepath.Base(base)
		forms := 0
		for _, ext := range []string{".xml", ".json"} {
			document, err := os.ReadFile(base + ext)
			if errors.Is(err, os.ErrNotExist) {
				continue // a version that could not write it
			}
			if err != nil {
				t.Fatal(err)
			}
			forms++
			compareOne(t, name+ext, bytes.NewReader(document), want)
			compareOne(t, name+ext+", byte by byte", iotest.OneByteReader(bytes.NewReader(document)), want)
			decodes += 2
		}
		if forms == 0 {
			t.Errorf("%s: neither XML nor JSON", name)
		}
		scenarios[version]++
	}
	t.Logf("%s: compared %v scenarios, %d decodes", root, scenarios, decodes)
	return scenarios
}

func compareOne(t *testing.T, name string, document io.Reader, want []byte) {
	t.Helper()
	ragged := strings.HasPrefix(name, raggedFixture)
	var got bytes.Buffer
	if err := WriteTSV(&got, NewDecoder(document, DecoderOptions{AllowRagged: ragged})); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !bytes.Equal(want, got.Bytes()) {
		t.Errorf("%s (-want +got):\n%s", name, cmp.Diff(string(want), got.String()))
	}
}

// TestRaggedFixture: whoever evaluates rows has this document refused.
func TestRaggedFixture(t *testing.T) {
	for _, ext := range []string{".xml", ".json"} {
		document := readFile(t, filepath.Join("testdata", "rrd_updates", filepath.FromSlash(raggedFixture)+ext))
		fails(t, string(document), "row 0: row of 19 values for 28 columns", DecoderOptions{})
	}
}

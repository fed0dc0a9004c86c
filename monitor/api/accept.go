package api

import (
	"strconv"
	"strings"
)

// prefersJSON chooses between the two forms of an update as xcp-rrdd does
// since 23.17 (client_prefers_json of xen-api): by the Accept header, where
// the greatest weight wins and JSON goes first among equals; when that
// header is absent, cannot be read or fits neither form, by whether the json
// parameter is there.
//
//	text/xml                      XML
//	application/json, */*         JSON
//	application/xml               by the parameter
//	text/html,*/*;q=0.8           JSON
func prefersJSON(accept string, parameter bool) bool {
	var json, xml float64
	for item := range strings.SplitSeq(accept, ",") {
		if strings.TrimSpace(item) == "" {
			continue
		}
		media, weight, ok := acceptItem(item)
		if !ok {
			return parameter
		}
		if mediaMatches(media, "application", "json") {
			json = max(json, weight)
		}
		if mediaMatches(media, "text", "xml") {
			xml = max(xml, weight)
		}
	}
	if json == 0 && xml == 0 {
		return parameter
	}
	return json >= xml
}

// acceptItem reads "text/xml;q=0.5". Without q the weight is 1.
func acceptItem(s string) (media string, weight float64, ok bool) {
	media, params, _ := strings.Cut(s, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if strings.Count(media, "/") != 1 {
		return "", 0, false
	}
	weight = 1
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.ToLower(name) != "q" {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return "", 0, false
		}
		weight = q
	}
	return media, weight, true
}

func mediaMatches(media, kind, sub string) bool {
	return media == kind+"/"+sub || media == kind+"/*" || media == "*/*"
}

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	expat = "MIT License\n\nCopyright (c) 2015 Ann Example\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\n"
	bsd2  = "// Copyright 2010 The Examples. All rights reserved.\n//\n// Redistribution and use in source\n// and binary forms, with or without modification\n"
	bsd3  = bsd2 + "may be used to endorse or promote products derived\n"
	// It names nobody but in a form.
	apache = "                Apache License\n          Version 2.0, January 2004\n\n   the copyright owner that is granting\n      (c) You must retain\n   Copyright [yyyy] [name of copyright owner]\n"
)

func TestKinds(t *testing.T) {
	f := func(body string, want ...string) {
		t.Helper()
		got, err := kindsOf(body)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("kinds of %.40q: %q, %v; want %q", body, got, err, want)
		}
	}
	f(expat, "Expat")
	f(bsd2, "BSD-2-clause")
	f(bsd3, "BSD-3-clause")
	f(apache, "Apache-2.0")
	f("Licensed under the Apache License, Version 2.0 (the \"License\");", "Apache-2.0")
	f("Permission to use, copy, modify, and/or distribute this software", "ISC")
	f(expat+"\nand some files:\n"+apache, "Apache-2.0", "Expat")

	for _, body := range []string{
		"", "All rights reserved.", "GNU GENERAL PUBLIC LICENSE\nVersion 2", expat + "or the GNU Lesser\nGeneral Public License",
		"Mozilla Public License Version 2.0", bsd3 + "must display the following acknowledgement: ",
	} {
		if got, err := kindsOf(body); err == nil {
			t.Errorf("kinds of %.40q: %q; want a person to look", body, got)
		}
	}
}

func TestHolders(t *testing.T) {
	got := holders([]text{{body: expat}, {body: bsd2}, {body: apache}, {body: expat}, {body: "Portions copyright 1999 Somebody\nCopyright notice of all\nTHE COPYRIGHT HOLDERS\n  © 2020 Bo\n"}})
	want := []string{"Copyright (c) 2015 Ann Example", "Copyright 2010 The Examples. All rights reserved.", "Portions copyright 1999 Somebody", "© 2020 Bo"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who is named (-want +got):\n%s", diff)
	}
}

func TestDocument(t *testing.T) {
	works := []work{
		{"example.com/a@v1.0.0", []text{{"LICENSE", "Apache License Version 2.0\nlong", false}, {"NOTICE", "Copyright 2001 Ann\n\nmade by Ann", true}}},
		{"example.com/b@v2.0.0", []text{{"COPYING", "Apache License Version 2.0\nlong", false}}},
		{"example.com/c@v3.0.0", []text{{"LICENSE", "Permission is hereby granted, free of charge\n\n(c) 2003 Cy", false}, {"LICENSE.x", "Apache License Version 2.0\nlong", false}}},
	}
	const head = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: perfmon
Comment:
 The programs of this package are static: they have in them what is listed here
 beside perfmon's own code. Names with a version are those of Go's modules.
`
	const rest = `
Files: example.com/a@v1.0.0/*
Copyright: Copyright 2001 Ann
License: Apache-2.0
Comment:
 Its notice:
 Copyright 2001 Ann
 .
 made by Ann

Files: example.com/b@v2.0.0/*
Copyright: the authors of example.com/b
License: Apache-2.0

Files: example.com/c@v3.0.0/*
Copyright: (c) 2003 Cy
License: Expat and Apache-2.0
 LICENSE:
 .
 Permission is hereby granted, free of charge
 .
 (c) 2003 Cy
 .
 LICENSE.x:
 .
 Apache License Version 2.0
 long

License: Apache-2.0
 Apache License Version 2.0
 long
`
	f := func(own work, want string) {
		t.Helper()
		got, err := document(own, works)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(head+want+rest, string(got)); diff != "" {
			t.Errorf("the document (-want +got):\n%s", diff)
		}
	}
	f(work{name: ours}, "\nFiles: *\nCopyright: the authors of perfmon\nLicense: not-stated\n perfmon's own source has no file that says under which licence it is.\n")
	f(work{ours, []text{{"LICENSE", "Copyright 2020 Dee\nDo as you like.", false}}},
		"\nFiles: *\nCopyright: Copyright 2020 Dee\nLicense: perfmon\n Copyright 2020 Dee\n Do as you like.\n")

	if _, err := document(work{name: ours}, []work{{"example.com/d@v1", []text{{"LICENSE", "Ask me first.", false}}}}); err == nil ||
		!strings.Contains(err.Error(), "the licence LICENSE of example.com/d@v1") {
		t.Errorf("a licence that nobody knows: %v", err)
	}
}

// tree writes files, and returns the folder that they are in.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// packageOf is a package in a folder of a module.
func packageOf(module, dir, below string, ours bool, embeds ...string) linkedPackage {
	p := linkedPackage{Dir: filepath.Join(dir, below), EmbedFiles: embeds}
	p.Module = &struct {
		Path, Version, Dir string
		Main               bool
	}{module, "v1", dir, ours}
	return p
}

func TestGather(t *testing.T) {
	other := tree(t, map[string]string{
		"LICENSE": expat, "license.go": "package x", "NOTICE.md": "made by Ann\r\n\r\n", "in/COPYING": "c", "in/deep/x.go": "", "out/LICENSE": "not linked", "licenses/x": "",
	})
	own := tree(t, map[string]string{"page/assets/plot/LICENSE": "of the plots", "page/assets/plot/plot.js": ""})
	linked := []linkedPackage{
		packageOf("example.com/x", other, "in/deep", false), packageOf("example.com/x", other, ".", false),
		packageOf("perfmon", own, "page", true, "assets/plot/LICENSE", "assets/plot/plot.js"),
	}
	mine, others, err := gather(linked)
	if err != nil {
		t.Fatal(err)
	}
	if len(mine.texts) != 0 {
		t.Errorf("of our own: %+v", mine.texts)
	}
	want := []work{
		{"example.com/x@v1", []text{{"LICENSE", strings.TrimSuffix(expat, "\n"), false}, {"NOTICE.md", "made by Ann", true}, {"in/COPYING", "c", false}}},
		{"page/assets/plot", []text{{"LICENSE", "of the plots", false}}},
	}
	if diff := cmp.Diff(want, others, cmp.AllowUnexported(work{}, text{})); diff != "" {
		t.Errorf("the others' (-want +got):\n%s", diff)
	}

	if err := os.WriteFile(filepath.Join(own, "LICENSE"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if mine, _, err = gather(linked); err != nil || len(mine.texts) != 1 || mine.texts[0].body != "mine" {
		t.Errorf("with a licence, our own is %+v, %v", mine, err)
	}
	for name, files := range map[string]map[string]string{
		"has no licence": {"NOTICE": "only a notice"},
		"not in UTF-8":   {"LICENSE": "\xff"},
	} {
		if _, _, err := gather([]linkedPackage{packageOf("example.com/y", tree(t, files), ".", false)}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := gather([]linkedPackage{packageOf("example.com/y", filepath.Join(other, "in"), "..", false)}); err == nil {
		t.Error("a package beside its module was taken")
	}
}

// TestOfOurPrograms: all that is linked in is told of, with its texts to the
// letter.
func TestOfOurPrograms(t *testing.T) {
	linked, err := list("go", "arm64", []string{"perfmon/cmd/perfmon", "perfmon/cmd/perfmonctl"})
	if err != nil {
		t.Fatal(err)
	}
	own, others, err := gather(linked)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, w := range others {
		name, _, _ := strings.Cut(w.name, "@")
		names[name] = true
	}
	for _, want := range []string{"Go", "monitor/api/page/kit/assets/uplot", "github.com/spf13/cobra", "github.com/prometheus/client_golang"} {
		if !names[want] {
			t.Errorf("%s is not told of: %v", want, names)
		}
	}
	whole, err := document(own, others)
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.ReplaceAll("\n"+string(whole), "\n .\n", "\n\n")
	plain = strings.ReplaceAll(strings.ReplaceAll(plain, "\n .\n", "\n\n"), "\n ", "\n")
	for _, w := range others {
		for _, text := range w.texts {
			if !strings.Contains(plain, "\n"+text.body+"\n") {
				t.Errorf("%s of %s is not there to the letter", text.name, w.name)
			}
		}
	}
	for paragraph := range strings.SplitSeq(string(whole), "\n\n") {
		for _, field := range []string{"Copyright: ", "License: "} {
			if strings.HasPrefix(paragraph, "Files: ") && strings.Count("\n"+paragraph, "\n"+field) != 1 {
				t.Errorf("a paragraph without one %s:\n%.200s", field, paragraph)
			}
		}
	}
}

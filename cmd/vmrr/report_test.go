// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Commands print on what they are given, which sees to errors.
func TestNobodyPrintsPastTheReport(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are %d source files, error %v", len(files), err)
	}
	past := regexp.MustCompile(`fmt\.Print|os\.Stdout`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "main.go" {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := past.Find(b); found != nil {
			t.Errorf("%s has %s; want it to print on what its command is given", name, found)
		}
	}
}

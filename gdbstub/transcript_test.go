// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// TestTranscripts plays the packets of testdata/*.transcript to a fake target and
// compares the answers. A line "> PACKET" is sent, "< PACKET" answered, both with
// Go's escapes; "target NAME" chooses the target, and the rest is comment.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.transcript")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".transcript"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, replayTranscript(t, string(text)))
		})
	}
}

func replayTranscript(t *testing.T, text string) string {
	s := newTestSession(t, newFake())
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "<") {
			continue
		}
		fmt.Fprintln(&b, line)
		if name, ok := strings.CutPrefix(line, "target "); ok {
			f := newFake()
			f.readOnly = name == "readonly"
			targets := map[string]Target{"full": f, "readonly": f, "plain": plain{f}, "mapped": mapped{f}}
			if targets[name] == nil {
				t.Fatalf("there is no target %q", name)
			}
			s = newTestSession(t, targets[name])
		}
		packet, ok := strings.CutPrefix(line, "> ")
		if !ok {
			continue
		}
		packet, err := strconv.Unquote(`"` + packet + `"`)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		for _, answer := range askAll(s, packet) {
			q := strconv.Quote(answer)
			fmt.Fprintln(&b, strings.TrimSpace("< "+q[1:len(q)-1]))
		}
	}
	return b.String()
}

// golden compares text with a file, or writes it with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("%s:%d: got %q; want %q", file, i+1, a[i], b[i])
			}
		}
		t.Fatalf("%s: got %d lines; want %d", file, len(a), len(b))
	}
}

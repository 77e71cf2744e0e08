// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/u-root/u-root/pkg/cpio"
)

// testInputs writes a small set of inputs to a new folder.
func testInputs(t *testing.T) inputs {
	t.Helper()
	dir := t.TempDir()
	in := inputs{
		busybox: filepath.Join(dir, "busybox"),
		init:    filepath.Join(dir, "init"),
		applets: filepath.Join(dir, "applets"),
	}
	for path, text := range map[string]string{in.busybox: "BB", in.init: "#!/bin/sh\n", in.applets: "# list\n[ sh\nls # files\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return in
}

// packed is the initrd.
func packed(in inputs) ([]byte, error) {
	list, err := records(in)
	if err != nil {
		return nil, err
	}
	return pack(list)
}

// The archive depends on the files' bytes alone, not on their times, their
// modes or where they are.
func TestPackIsReproducible(t *testing.T) {
	a, b := testInputs(t), testInputs(t)
	old := time.Unix(1, 0)
	if err := os.Chtimes(b.busybox, old, old); err != nil {
		t.Fatal(err)
	}
	first, err := packed(a)
	if err != nil {
		t.Fatalf("pack = %v; want no error", err)
	}
	second, err := packed(b)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("pack of the same bytes elsewhere = %d bytes, %v; want the same %d bytes", len(second), err, len(first))
	}
}

func TestPackContents(t *testing.T) {
	data, err := packed(testInputs(t))
	if err != nil {
		t.Fatalf("pack = %v; want no error", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	records, err := cpio.ReadAllRecords(cpio.Newc.Reader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatalf("reading the archive back: %v", err)
	}
	want := []struct {
		name, content string
		mode          uint64
	}{
		{"bin", "", cpio.S_IFDIR | 0o755},
		{"dev", "", cpio.S_IFDIR | 0o755},
		{"proc", "", cpio.S_IFDIR | 0o755},
		{"sys", "", cpio.S_IFDIR | 0o755},
		{"dev/console", "", cpio.S_IFCHR | 0o600},
		{"bin/busybox", "BB", cpio.S_IFREG | 0o755},
		{"init", "#!/bin/sh\n", cpio.S_IFREG | 0o755},
		{"bin/[", "busybox", cpio.S_IFLNK | 0o777},
		{"bin/sh", "busybox", cpio.S_IFLNK | 0o777},
		{"bin/ls", "busybox", cpio.S_IFLNK | 0o777},
	}
	if len(records) != len(want) {
		t.Fatalf("the archive has %d members; want %d", len(records), len(want))
	}
	for i, r := range records {
		content := make([]byte, r.FileSize)
		if _, err := r.ReadAt(content, 0); err != nil && err != io.EOF {
			t.Errorf("reading %s: %v", r.Name, err)
		}
		w := want[i]
		if r.Name != w.name || string(content) != w.content || r.Mode != w.mode || r.Ino != uint64(i+1) || r.MTime != 0 || r.UID != 0 {
			t.Errorf("member %d = %v, content %q; want %s, content %q, mode %#o, inode %d, time 0, user 0", i, r.Info, content, w.name, w.content, w.mode, i+1)
		}
	}
}

// An addition has what it is given, directories first.
func TestAdded(t *testing.T) {
	in := testInputs(t)
	list, err := added([]string{"init=" + in.init, "lib/a.ko=" + in.busybox, "lib/b.ko=" + in.applets})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range list {
		names = append(names, r.Name)
	}
	if want := []string{"init", "lib", "lib/a.ko", "lib/b.ko"}; !slices.Equal(names, want) {
		t.Errorf("the addition has %q; want %q", names, want)
	}
	for _, bad := range []string{"init", "init=" + in.init + ".none"} {
		if _, err := added([]string{bad}); err == nil {
			t.Errorf("added(%q) gives no error", bad)
		}
	}
}

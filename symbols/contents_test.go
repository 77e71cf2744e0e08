// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"strings"
	"testing"
)

func TestContentsOf(t *testing.T) {
	vmlinux := guestFile(t, "vmlinux")
	table, err := Parse(vmlinux)
	if err != nil {
		t.Fatal(err)
	}
	var names bytes.Buffer
	if err := WriteELF(&names, 0, table); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		file []byte
		want Contents
	}{
		{"a kernel that was stripped", vmlinux, Contents{Loaded: true}},
		{"a file of symbols", names.Bytes(), Contents{Symbols: true}},
	} {
		if got, err := ContentsOf(bytes.NewReader(c.file)); err != nil || got != c.want {
			t.Errorf("ContentsOf(%s) = %+v, %v; want %+v", c.what, got, err, c.want)
		}
	}
	if _, err := ContentsOf(strings.NewReader("text")); err == nil {
		t.Error("ContentsOf(text) succeeds; want an error")
	}
}

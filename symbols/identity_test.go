// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"strings"
	"testing"
)

func TestIdentifyDebian(t *testing.T) {
	vmlinux := guestFile(t, "vmlinux")
	id, err := Identify(bytes.NewReader(vmlinux))
	if err != nil || len(id.BuildID) != 20 || !strings.HasPrefix(id.Banner, "Linux version 6.1.") {
		t.Fatalf("Identify(vmlinux) = %q, %v; want a build id of 20 bytes and a banner", id, err)
	}
	table, err := Parse(guestFile(t, "vmlinuz"))
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Identity(); got != id {
		t.Errorf("the table of vmlinuz has the identity %q; want %q, as vmlinux", got, id)
	}
	if _, err := Identify(strings.NewReader("text")); err == nil {
		t.Error("Identify(text) succeeds; want an error")
	}
}

func TestIdentityCheck(t *testing.T) {
	for _, c := range []struct {
		want, got Identity
		err       string // empty: the same
	}{
		{Identity{"a", "x"}, Identity{"a", "y"}, ""},
		{Identity{"a", "x"}, Identity{"b", "x"}, "build id is 62, want 61"},
		{Identity{"a", "x"}, Identity{"", "x"}, ""},
		{Identity{"", "x"}, Identity{"b", "x"}, ""},
		{Identity{"", "x"}, Identity{"b", "y"}, `banner is "y", want "x"`},
		{Identity{"a", "x"}, Identity{"", ""}, `banner is "", want "x"`},
		{Identity{"a", ""}, Identity{"", "x"}, "cannot be told"},
		{Identity{}, Identity{}, "cannot be told"},
	} {
		err := c.want.Check(c.got)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q.Check(%q) = %v; want %q", c.want, c.got, err, c.err)
		}
	}
}

func TestBuildID(t *testing.T) {
	note := func(name, desc string, kind uint64) []byte {
		b := put32(put32(put32(nil, uint64(len(name))), uint64(len(desc))), kind)
		for _, s := range []string{name, desc} {
			b = append(b, s+strings.Repeat("\x00", -len(s)&3)...)
		}
		return b
	}
	xen, id := note("Xen\x00", "2.6\x00\x00", 5), note("GNU\x00", "0123456789", 3)
	for _, c := range []struct {
		name  string
		notes []byte
		want  string
	}{
		{"first", id, "0123456789"},
		{"behind another", append(bytes.Clone(xen), id...), "0123456789"},
		{"unpadded at the end", id[:len(id)-2], "0123456789"},
		{"none", xen, ""},
		{"of another type", note("GNU\x00", "0123", 4), ""},
		{"empty", nil, ""},
		{"cut off", id[:len(id)-3], ""},
		{"a name without end", put32(put32(put32(nil, 0xffffffff), 4), 3), ""},
		{"contents without end", append(put32(put32(put32(nil, 4), 0xfffffffe), 3), "GNU\x00"...), ""},
	} {
		if got := buildID(c.notes); got != c.want {
			t.Errorf("%s: buildID(%q) = %q; want %q", c.name, c.notes, got, c.want)
		}
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"io"
	"os"
	"testing"
)

// TestMayGoBack is about who a replay takes snapshots for.
func TestMayGoBack(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	defer func(stdin *os.File) { os.Stdin = stdin }(os.Stdin)
	os.Stdin = null
	for _, c := range []struct {
		args []string
		want bool
	}{
		{nil, false}, // standard input is no terminal
		{[]string{"-serial", "stdio"}, false},
		{[]string{"-serial", "mon:stdio"}, true},
		{[]string{"-serial", "none", "-monitor", "unix:m"}, true},
		{[]string{"-qmp", "unix:q"}, true},
		{[]string{"-s"}, true},
		{[]string{"-gdb", "unix:g"}, true},
	} {
		var o replayOptions
		f := newFlags(io.Discard, "replay", "", "")
		o.add(f, defaultMemory, "memory")
		if _, err := parse(f, c.args, 0); err != nil {
			t.Fatal(err)
		}
		words, _, err := o.check()
		if got := o.mayGoBack(words); err != nil || got != c.want {
			t.Errorf("replay %q may go back: %v, error %v; want %v", c.args, got, err, c.want)
		}
	}
}

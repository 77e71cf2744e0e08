// SPDX-License-Identifier: GPL-2.0-or-later

package testguest

import (
	"strings"
	"testing"

	"github.com/vmrr/vmrr/devices"
)

func TestDiff(t *testing.T) {
	a, b := Boot(t, Options{}), Boot(t, Options{})
	a.Goto(t, 100_000)
	b.Goto(t, 100_000)
	if got := Diff(a.Machine, b.Machine); got != "" {
		t.Errorf("two machines at the same count differ in:\n%s", got)
	}
	b.Goto(t, 100_001)
	if _, err := b.RAM.WriteAt([]byte{0xa5, 0, 0, 0, 0, 7}, 0x9000f); err != nil {
		t.Fatal(err)
	}
	for _, d := range b.Board.Devices() {
		if d.Name() == "com1-output" {
			if err := d.Load(devices.EncodeState(1, &struct{ Count, Hash uint64 }{3, 4})); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := Diff(a.Machine, b.Machine)
	for _, want := range []string{
		"clock moment: want icount 100001, got icount 100000\n",
		"CPU RCX: want 0x", // it clears memory there
		"com1-output Count: want 0x3, got 0x0\n",
		"RAM 0x9000f: want a5, got 00\nRAM 0x90014: want 07, got 00\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("Diff says\n%s\nwant it to say %q", got, want)
		}
	}
	if a.Hash() == b.Hash() {
		t.Errorf("different machines have the hash %x", a.Hash())
	}
}

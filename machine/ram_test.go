// SPDX-License-Identifier: GPL-2.0-or-later

package machine_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
)

// holedRAM is two pages at 0, and one at 0x8000 right behind a hole.
func holedRAM(t *testing.T) (*machine.RAM, *[]string) {
	t.Helper()
	host, err := machine.MapRAM(3 * cpu.PageSize)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := machine.UnmapRAM(host); err != nil {
			t.Error(err)
		}
	})
	var told []string
	r := &machine.RAM{Memory: cpu.Memory{Host: host, Regions: []cpu.Region{
		{PA: 0, Size: 0x1000, Offset: 0}, {PA: 0x1000, Size: 0x1000, Offset: 0x2000}, {PA: 0x8000, Size: 0x1000, Offset: 0x1000}}}}
	r.Invalidate = func(pa, size uint64) { told = append(told, fmt.Sprintf("%#x+%#x", pa, size)) }
	return r, &told
}

func TestRAM(t *testing.T) {
	for _, test := range []struct {
		pa     int64
		size   int
		n      int    // bytes that fit
		failed uint64 // physical address, if not all do
		told   string
	}{
		{0, 16, 16, 0, "[0x0+0x10]"},
		{0xff8, 16, 16, 0, "[0xff8+0x10]"}, // over the border of two regions
		{0x8ff0, 16, 16, 0, "[0x8ff0+0x10]"},
		{0x1ff8, 16, 8, 0x2000, "[0x1ff8+0x8]"},
		{0x8ff8, 16, 8, 0x9000, "[0x8ff8+0x8]"},
		{0x7ff8, 16, 0, 0x7ff8, "[]"},
		{0x9000, 1, 0, 0x9000, "[]"},
		{-1, 1, 0, 0xffffffffffffffff, "[]"},
		{0x9000, 0, 0, 0, "[]"},
	} {
		r, told := holedRAM(t)
		want := []byte("0123456789abcdef")[:test.size]
		check := func(what string, n int, err error) {
			t.Helper()
			var missing *machine.RAMError
			if n != test.n || (err != nil) != (test.failed != 0) || err != nil && (!errors.As(err, &missing) || missing.PA != test.failed) {
				t.Errorf("%s %d bytes at %#x = %d, error %v; want %d, error at %#x", what, test.size, test.pa, n, err, test.n, test.failed)
			}
		}
		n, err := r.WriteAt(want, test.pa)
		check("writing", n, err)
		if got := fmt.Sprint(*told); got != test.told {
			t.Errorf("writing %d bytes at %#x dropped code at %s, want %s", test.size, test.pa, got, test.told)
		}
		got := make([]byte, test.size)
		n, err = r.ReadAt(got, test.pa)
		check("reading", n, err)
		if !bytes.Equal(got[:n], want[:n]) {
			t.Errorf("reading at %#x = %q, want %q", test.pa, got[:n], want[:n])
		}
	}
}

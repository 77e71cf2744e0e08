// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"errors"
	"testing"
)

// texts is memory that has these texts and nothing else.
type texts map[uint64]string

func (m texts) ReadMemory(linear uint64, p []byte) (int, error) {
	n := copy(p, m[linear])
	if n < len(p) {
		return n, errors.New("not mapped")
	}
	return n, nil
}

func TestFindSlide(t *testing.T) {
	table := testTable(t)
	const banner, entry = testBase + 0x201000, testBase + 0x3000
	other := "Linux version 5.10.0-other (somebody else) #22 SMP"
	for _, c := range []struct {
		name  string
		mem   texts
		lstar uint64
		want  uint64
		err   error
	}{
		{name: "not moved", mem: texts{banner: testBanner}},
		{name: "by LSTAR", mem: texts{banner + 0x1e000000: testBanner}, lstar: entry + 0x1e000000, want: 0x1e000000},
		{name: "before LSTAR is set", mem: texts{banner + 0x1e000000: testBanner}, want: 0x1e000000},
		{name: "the last place", mem: texts{banner + 0x3fe00000: testBanner}, want: 0x3fe00000},
		{name: "LSTAR is something else", mem: texts{banner + 0x200000: testBanner}, lstar: 0xfffffe0000006000, want: 0x200000},
		{name: "LSTAR is of another place", mem: texts{banner + 0x200000: testBanner}, lstar: entry + 0x400000, want: 0x200000},
		{name: "page table isolation", lstar: entry + 0x1e000000, want: 0x1e000000},
		{name: "LSTAR is askew", lstar: entry + 0x1e100000, err: &OtherKernelError{}},
		{name: "too early", err: ErrNotMapped},
		{name: "beyond", mem: texts{banner + 0x40000000: testBanner}, err: ErrNotMapped},
		{name: "askew", mem: texts{banner + 0x100000: testBanner}, err: ErrNotMapped},
		{name: "another kernel", mem: texts{banner: other}, err: &OtherKernelError{}},
		{name: "another kernel, system calls", mem: texts{banner + 0x200000: other}, lstar: entry + 0x200000, err: &OtherKernelError{}},
		{name: "no Linux", lstar: 0xfffff80000001000, err: &OtherKernelError{}},
	} {
		got, err := table.FindSlide(c.mem, c.lstar)
		wrong := (*OtherKernelError)(nil)
		if _, want := c.err.(*OtherKernelError); got != c.want || want != errors.As(err, &wrong) || !want && err != c.err {
			t.Errorf("%s: FindSlide with LSTAR %#x = %#x, %v; want %#x, %T %v", c.name, c.lstar, got, err, c.want, c.err, c.err)
		}
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later

package x86

import "testing"

func TestNarrowDescription(t *testing.T) {
	whole := Description().All()
	for bits, architecture := range map[int]string{16: "i8086", 32: "i386"} {
		d := NarrowDescription(bits)
		if d.Architecture != architecture || d.Compatible != "i386:x86-64" {
			t.Errorf("NarrowDescription(%d) is of %s, compatible with %q; want %s, i386:x86-64", bits, d.Architecture, d.Compatible, architecture)
		}
		last := -1
		for _, r := range d.All() {
			if r.ID <= last || r.Bits > whole[r.ID].Bits {
				t.Errorf("NarrowDescription(%d): register %+v behind ID %d; want ascending IDs, and no more bits than %+v has", bits, *r, last, *whole[r.ID])
			}
			last = r.ID
		}
		for name, want := range map[string]struct{ id, bits int }{
			"eax": {RAX, 32}, "edi": {RDI, 32}, "ebp": {RBP, 32}, "esp": {RSP, 32}, "eip": {RIP, 64}, "eflags": {EFLAGS, 32}, "st7": {ST0 + 7, 80},
			"xmm7": {XMM0 + 7, 128}, "mxcsr": {MXCSR, 32}, "gs_base": {GSBase, 64}, "efer": {EFER, 64}, "code_bits": {CodeBits, bits},
		} {
			if r := d.Lookup(name); r == nil || r.ID != want.id || r.Bits != want.bits {
				t.Errorf("NarrowDescription(%d).Lookup(%q) = %+v; want ID %d, %d bits", bits, name, r, want.id, want.bits)
			}
		}
		for _, name := range []string{"rax", "rip", "r8", "r15", "xmm8"} {
			if r := d.Lookup(name); r != nil {
				t.Errorf("NarrowDescription(%d).Lookup(%q) = %+v; want none", bits, name, *r)
			}
		}
	}
	for _, bits := range []int{0, 8, 64} {
		if d := NarrowDescription(bits); d != nil {
			t.Errorf("NarrowDescription(%d) = %+v; want none", bits, d)
		}
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

// maxOffset is the highest absolute address that a table of offsets can have.
const maxOffset = 1<<31 - 1

// addresses looks for the symbols' addresses at the places where kernels have
// had them, in the forms that they have had.
func (img *image) addresses(s segment, tok tokens, n names) ([]uint64, bool) {
	offsets := (4*n.count + 7) &^ 7 // bytes, padded
	for _, form := range []struct {
		at, base, width int // offsets in the segment, bytes an entry
		decode          func(b []byte, base, here uint64) uint64
	}{
		{n.countAt - 8 - offsets, n.countAt - 8, 4, percpuAbsolute},
		{n.countAt - 8 - offsets, n.countAt - 8, 4, relative},
		{n.countAt - 8*n.count, 0, 8, absolute},
		{tok.end, tok.end + offsets, 4, percpuAbsolute},
		{tok.end, tok.end + offsets, 4, relative},
		{tok.end, 0, 4, selfRelative},
		{tok.end, 0, 8, absolute},
	} {
		if form.at < 0 || form.at+form.width*n.count > len(s.data) || form.base+8 > len(s.data) {
			continue
		}
		base := le.Uint64(s.data[form.base:])
		addrs := make([]uint64, 0, n.count)
		for at := form.at; len(addrs) < n.count; at += form.width {
			a := form.decode(s.data[at:], base, s.addr+uint64(at))
			if len(addrs) > 0 && a < addrs[len(addrs)-1] || a > maxOffset && (a < img.low || a > img.high) {
				break
			}
			addrs = append(addrs, a)
		}
		if len(addrs) == n.count && addrs[n.count-1] >= img.low {
			return addrs, true
		}
	}
	return nil, false
}

// percpuAbsolute is CONFIG_KALLSYMS_BASE_RELATIVE with
// CONFIG_KALLSYMS_ABSOLUTE_PERCPU, as x86_64 had it from 4.6 to 6.14: what is not
// negative is an address, -1 is the base.
func percpuAbsolute(b []byte, base, _ uint64) uint64 {
	if v := int32(le.Uint32(b)); v < 0 {
		return base - 1 - uint64(int64(v))
	}
	return uint64(le.Uint32(b))
}

// relative is CONFIG_KALLSYMS_BASE_RELATIVE alone: a distance from the base.
func relative(b []byte, base, _ uint64) uint64 { return base + uint64(le.Uint32(b)) }

// selfRelative is what came after relative_base: a distance from the entry itself.
func selfRelative(b []byte, _, here uint64) uint64 { return here + uint64(int64(int32(le.Uint32(b)))) }

// absolute is kallsyms_addresses, before 4.6.
func absolute(b []byte, _, _ uint64) uint64 { return le.Uint64(b) }

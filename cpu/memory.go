// SPDX-License-Identifier: GPL-2.0-or-later

package cpu

// Region is a stretch of guest physical address space that is RAM, and where it
// lies in the host mapping. All three are multiples of PageSize bytes.
type Region struct {
	PA, Size, Offset uint64
}

// Memory is a machine's RAM: one host mapping, and where the guest sees it. What
// is not in a region is not RAM.
type Memory struct {
	Host    []byte // page-aligned, not owned by the Go collector
	Regions []Region
}

// Offset returns where in Host the byte at physical address pa lies, and how many
// bytes from there on are contiguous; n is 0 if there is no RAM.
func (m *Memory) Offset(pa uint64) (offset, n uint64) {
	for _, r := range m.Regions {
		if d := pa - r.PA; d < r.Size {
			return r.Offset + d, r.Size - d
		}
	}
	return 0, 0
}

// SPDX-License-Identifier: GPL-2.0-or-later

package machine

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/vmrr/vmrr/cpu"
)

// Hash is a hash of a machine's whole state. Two machines that run the same guest
// have the same hash at the same Moment, however each came there.
type Hash uint64

// ramHash keeps the hash of every page, so that only those that changed since the
// last time are hashed again.
type ramHash struct {
	pages []uint64 // of each page, mixed with its index
	sum   uint64   // of pages, mod 2^64
	epoch uint32
}

func (r *ramHash) update(ram []byte, e cpu.Engine) uint64 {
	page := func(i int) {
		h := xxhash.Sum64(ram[i*cpu.PageSize:][:cpu.PageSize])
		// The same contents on another page must not hash alike.
		h = (h ^ uint64(i)*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
		h ^= h >> 32
		r.sum += h - r.pages[i]
		r.pages[i] = h
	}
	if r.pages == nil {
		r.pages = make([]uint64, len(ram)/cpu.PageSize)
		for i := range r.pages {
			page(i)
		}
	} else {
		e.DirtySince(r.epoch, page)
	}
	r.epoch = e.DirtyEpoch()
	return r.sum
}

// Hash returns the hash of the state: RAM, CPU, devices, clock and Moment.
func (m *Machine) Hash() Hash {
	s := m.Save()
	h := xxhash.New()
	b := binary.LittleEndian.AppendUint64(nil, m.ram.update(m.RAM.Host, m.Engine))
	b = binary.LittleEndian.AppendUint64(b, s.At.ICount)
	b = binary.LittleEndian.AppendUint32(b, s.At.Sub)
	b = binary.LittleEndian.AppendUint64(b, s.Warp)
	b = append(b, byte(s.End.Kind))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.End.Code))
	b = append(b, s.CPU...)
	for _, d := range s.Devices {
		b = append(b, d.Name...)
		b = append(b, d.Data...)
	}
	h.Write(b)
	return Hash(h.Sum64())
}

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

// Rehash makes the next Hash look at all of RAM. Without it, what changes RAM behind
// the engine's back, a fault of the host's memory for one, does not show.
func (m *Machine) Rehash() { m.ram = ramHash{} }

// Hash returns the hash of the state: that of all its parts.
func (m *Machine) Hash() Hash { return Sum(m.Hashes()) }

// Sum puts the hashes of a state's parts together.
func Sum(parts []Hash) Hash {
	var b []byte
	for _, p := range parts {
		b = binary.LittleEndian.AppendUint64(b, uint64(p))
	}
	return Hash(xxhash.Sum64(b))
}

// Parts names the parts that Hashes returns the hashes of: the clock (with the
// Moment and the end), the CPU, RAM, and the board's devices in their order.
func (m *Machine) Parts() []string {
	names := []string{"clock", "CPU", "RAM"}
	for _, d := range m.Board.Devices() {
		names = append(names, d.Name())
	}
	return names
}

// Hashes returns a hash of each part of the state, in the order of Parts. It costs
// what was written to RAM since the last time.
func (m *Machine) Hashes() []Hash {
	s := m.Save()
	clock := binary.LittleEndian.AppendUint64(nil, s.At.ICount)
	clock = binary.LittleEndian.AppendUint32(clock, s.At.Sub)
	clock = binary.LittleEndian.AppendUint64(clock, s.Warp)
	clock = append(clock, byte(s.End.Kind))
	clock = binary.LittleEndian.AppendUint64(clock, uint64(s.End.Code))
	hashes := []Hash{Hash(xxhash.Sum64(clock)), Hash(xxhash.Sum64(s.CPU)), Hash(m.ram.update(m.RAM.Host, m.Engine))}
	for _, d := range s.Devices {
		hashes = append(hashes, Hash(xxhash.Sum64(d.Data)))
	}
	return hashes
}

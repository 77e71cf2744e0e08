// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// bootedRAM is a RAM of 256 MiB of which a third is in use, with contents that
// compress about as a kernel's and its programs' do.
func bootedRAM() *fakeMemory {
	m := newFakeMemory(256 << 20 / PageSize)
	r := rand.New(rand.NewPCG(1, 2))
	words := make([]byte, 1<<16)
	for i := range words {
		words[i] = byte(r.Uint32())
	}
	for p := range len(m.written) / 3 {
		page := m.ram[p*3*PageSize:][:PageSize]
		for i := 0; i < len(page); i += 32 {
			copy(page[i:], words[r.IntN(len(words)-16):][:16])
		}
	}
	return m
}

// work writes to n pages, most of them in use, as a guest does in 250 million
// instructions.
func work(m *fakeMemory, r *rand.Rand, n int) {
	for range n {
		p := r.IntN(len(m.written)/3) * 3
		for range 8 {
			m.write(p*PageSize+r.IntN(PageSize), byte(r.Uint32()))
		}
	}
}

func BenchmarkStore(b *testing.B) {
	m := bootedRAM()
	r := rand.New(rand.NewPCG(3, 4))
	b.Run("first take", func(b *testing.B) {
		for b.Loop() {
			newStore(b, m, false).Take("", at(0, 0))
		}
	})
	for _, dirty := range []int{300, 3000, 10000} {
		s := newStore(b, m, false)
		s.Take("first", at(0, 0))
		b.Run(fmt.Sprintf("take, %d dirty", dirty), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				work(m, r, dirty)
				b.StartTimer()
				s.Take("again", at(1, 0))
			}
		})
		b.Run(fmt.Sprintf("restore, %d dirty", dirty), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				work(m, r, dirty)
				b.StartTimer()
				if _, err := s.Restore(s.Named("first")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDisk(b *testing.B) {
	m := bootedRAM()
	r := rand.New(rand.NewPCG(3, 4))
	open := func(b *testing.B, dir string) *Disk {
		d, err := OpenDisk(dir, testID, len(m.ram), ReadWrite)
		if err != nil {
			b.Fatal(err)
		}
		return d
	}
	b.Run("first put", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			s := newStore(b, m, false).Take("", at(0, 0)) // its pages are on no disk yet
			d := open(b, b.TempDir())
			b.StartTimer()
			if err := d.Put(s); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(d.Bytes())/1e6, "MB")
			d.Close()
		}
	})
	s := newStore(b, m, false)
	dir := b.TempDir()
	d := open(b, dir)
	if err := d.Put(s.Take("first", at(0, 0))); err != nil {
		b.Fatal(err)
	}
	b.Run("put, 3000 dirty", func(b *testing.B) {
		before, n := d.Bytes(), 0
		for b.Loop() {
			b.StopTimer()
			work(m, r, 3000)
			snap := s.Take("", at(1, 0))
			b.StartTimer()
			if err := d.Put(snap); err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.ReportMetric(float64(d.Bytes()-before)/1e6/float64(n), "MB/op")
	})
	d.Close()
	b.Run("open and load all", func(b *testing.B) {
		for b.Loop() {
			d := open(b, dir)
			for _, e := range d.List() {
				if _, err := d.Load(e); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(d.List())), "snapshots")
			d.Close()
		}
	})
	b.Run("restore from disk", func(b *testing.B) {
		empty := bytes.Clone(m.ram)
		for b.Loop() {
			b.StopTimer()
			d := open(b, dir)
			snap, err := d.Load(d.List()[0])
			if err != nil {
				b.Fatal(err)
			}
			clear(empty)
			s := newStore(b, &fakeMemory{ram: empty, written: make([]uint32, len(m.written))}, false)
			b.StartTimer()
			if _, err := s.Restore(snap); err != nil {
				b.Fatal(err)
			}
			d.Close()
		}
	})
}

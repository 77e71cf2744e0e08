// SPDX-License-Identifier: GPL-2.0-or-later

package machine

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/vmrr/vmrr/cpu"
)

// MapRAM reserves size bytes of zeroed host memory for a guest. It is mapped
// outside the Go heap: the engine keeps pointers into it. Free it with UnmapRAM.
func MapRAM(size uint64) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("reserving %d bytes of guest RAM: %w", size, err)
	}
	// Huge pages, where the host has them: a guest takes whole 2 MiB from its first touch on, but
	// that is a fault where it were 512, and restoring a snapshot into RAM that nobody has
	// touched yet takes one for each page.
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	return b, nil
}

// UnmapRAM gives back what MapRAM reserved.
func UnmapRAM(b []byte) error { return unix.Munmap(b) }

// RAMError is an access to a physical address where there is no RAM.
type RAMError struct {
	PA   uint64
	Size int
}

func (e *RAMError) Error() string {
	return fmt.Sprintf("there is no RAM at physical address %#x for an access of %d bytes", e.PA, e.Size)
}

// RAM gives access to a guest's physical memory from outside its CPU: loaders,
// debuggers and, once they exist, DMA. Writes drop code translated from there.
type RAM struct {
	cpu.Memory
	// Written, if not nil, is told of each write before it is made, Invalidate after it.
	Written    func(pa uint64, p []byte)
	Invalidate func(pa, size uint64)
}

// ReadAt reads physical memory; it implements io.ReaderAt.
func (r *RAM) ReadAt(p []byte, pa int64) (int, error) {
	return r.each(p, pa, func(host, p []byte) { copy(p, host) })
}

// WriteAt writes physical memory; it implements io.WriterAt.
func (r *RAM) WriteAt(p []byte, pa int64) (int, error) {
	if r.Written != nil {
		r.Written(uint64(pa), p)
	}
	n, err := r.each(p, pa, func(host, p []byte) { copy(host, p) })
	if n > 0 && r.Invalidate != nil {
		r.Invalidate(uint64(pa), uint64(n))
	}
	return n, err
}

func (r *RAM) each(p []byte, pa int64, f func(host, p []byte)) (int, error) {
	done := 0
	for done < len(p) {
		offset, n := r.Offset(uint64(pa) + uint64(done))
		if n == 0 {
			return done, &RAMError{uint64(pa) + uint64(done), len(p) - done}
		}
		n = min(n, uint64(len(p)-done))
		f(r.Host[offset:offset+n], p[done:done+int(n)])
		done += int(n)
	}
	return done, nil
}

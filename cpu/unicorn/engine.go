// SPDX-License-Identifier: GPL-2.0-or-later

// Package unicorn is the CPU engine: QEMU's translator as found in libunicorn,
// made to count every instruction exactly, stop on any of them, page, fault and
// take interrupts like the real processor. README.md tells how; the C files of
// this package do it.
package unicorn

/*
#cgo CFLAGS: -O2 -Wall -Wextra
#cgo LDFLAGS: -lunicorn -ldl
#include <stdlib.h>
#include <string.h>
#include "vmrr.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime/cgo"
	"sync"
	"unsafe"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

// Region is cpu.Region.
type Region = cpu.Region

// Config is what an engine is built from.
type Config struct {
	// RAM is one page-aligned host mapping of all RAM. It must not move or be
	// freed before Close; the Go collector must not own it.
	RAM     []byte
	Regions []Region
	Model   *x86.Model
	Board   cpu.Board
	// CodeCache bounds the translated code kept, in bytes; 0 means DefaultCodeCache.
	CodeCache uint64
}

// DefaultCodeCache holds the translations of a whole Linux boot, in bytes.
const DefaultCodeCache = 96 << 20

// MinCodeCache is the smallest code cache in which any block fits, in bytes.
const MinCodeCache = 2 << 20

// Engine is one x86_64 CPU. It implements cpu.Engine.
type Engine struct {
	c      *C.struct_vmrr_engine
	token  cgo.Handle
	board  cpu.Board
	pages  int
	descr  *cpu.Description
	breaks map[uint64]int // insertions, by linear address
	closed bool
	stop   sync.Mutex // guards closed against RequestStop from another thread
}

var _ cpu.Engine = (*Engine)(nil)

// ErrUnsupportedLibrary is wrapped by the error of CheckLibrary and New when
// another build of libunicorn is loaded than the one whose insides are known.
var ErrUnsupportedLibrary = errors.New("the CPU engine cannot run here")

// CheckLibrary proves the identity and the layout of the loaded libunicorn.
func CheckLibrary() error {
	if msg := C.vmrr_check_library(); msg != nil {
		return fmt.Errorf("%w: %s", ErrUnsupportedLibrary, C.GoString(msg))
	}
	return nil
}

// Library returns the path and the build ID of the loaded libunicorn.
func Library() (path, buildID string) {
	return C.GoString(C.vmrr_library_path()), C.GoString(C.vmrr_library_build_id())
}

// behaviour counts the changes after which a guest may run another way than it
// did before: a recording made before such a change cannot be replayed after it.
const behaviour = 2

// Behaviour names what the exact run of a guest depends on beside the machine:
// the engine and the library under it.
func Behaviour() string {
	_, id := Library()
	return fmt.Sprintf("unicorn %d on %.8s", behaviour, id)
}

// checkOnce is done before the first engine of a process is opened.
var checkOnce = sync.OnceValue(func() error {
	_, err := SelfTest()
	return err
})

// New opens an engine in the power-on state with an instruction count of 0. The
// caller's goroutine must be locked to its OS thread for as long as it is used.
func New(cfg Config) (*Engine, error) {
	if err := checkOnce(); err != nil {
		return nil, err
	}
	return open(cfg)
}

// open is New without the self-test.
func open(cfg Config) (*Engine, error) {
	if err := CheckLibrary(); err != nil {
		return nil, err
	}
	if len(cfg.Regions) > C.VMRR_MAX_REGIONS || len(cfg.Model.Leaves) > C.VMRR_MAX_CPUID {
		return nil, fmt.Errorf("opening a CPU: %d RAM regions and %d CPUID leaves, want at most %d and %d",
			len(cfg.Regions), len(cfg.Model.Leaves), C.VMRR_MAX_REGIONS, C.VMRR_MAX_CPUID)
	}
	if cfg.CodeCache == 0 {
		cfg.CodeCache = DefaultCodeCache
	}
	if cfg.CodeCache < MinCodeCache {
		return nil, fmt.Errorf("opening a CPU: a code cache of %d bytes is too small, want at least %d", cfg.CodeCache, MinCodeCache)
	}
	e := &Engine{board: cfg.Board, pages: len(cfg.RAM) / cpu.PageSize, descr: x86.Description(), breaks: map[uint64]int{}}
	e.token = cgo.NewHandle(e)
	c := C.struct_vmrr_config{
		ram:          unsafe.Pointer(unsafe.SliceData(cfg.RAM)),
		ram_size:     C.uint64_t(len(cfg.RAM)),
		region_count: C.uint32_t(len(cfg.Regions)),
		code_cache:   C.uint64_t(cfg.CodeCache),
		token:        C.uintptr_t(e.token),
		cpuid_count:  C.uint32_t(len(cfg.Model.Leaves)),
		phys_bits:    C.uint32_t(cfg.Model.PhysBits),
	}
	for i, r := range cfg.Regions {
		c.regions[i] = C.struct_vmrr_region{C.uint64_t(r.PA), C.uint64_t(r.Size), C.uint64_t(r.Offset)}
	}
	for i, l := range cfg.Model.Leaves {
		any := C.uint32_t(0)
		if l.AnySubleaf {
			any = 1
		}
		c.cpuid[i] = C.struct_vmrr_cpuid{C.uint32_t(l.Leaf), C.uint32_t(l.Subleaf), any,
			C.uint32_t(l.EAX), C.uint32_t(l.EBX), C.uint32_t(l.ECX), C.uint32_t(l.EDX)}
	}
	var msg [256]C.char
	e.c = C.vmrr_open(&c, &msg[0], C.size_t(len(msg)))
	if e.c == nil {
		e.token.Delete()
		return nil, fmt.Errorf("opening a CPU: %s", C.GoString(&msg[0]))
	}
	return e, nil
}

// Close implements cpu.Engine.
func (e *Engine) Close() {
	e.stop.Lock()
	defer e.stop.Unlock()
	if !e.closed {
		e.closed = true
		C.vmrr_close(e.c)
		e.token.Delete()
	}
}

// Run implements cpu.Engine.
func (e *Engine) Run(limit uint64) (cpu.StopReason, error) {
	switch r := C.vmrr_run(e.c, C.uint64_t(limit)); r {
	case C.VMRR_STOP_LIMIT:
		return cpu.StopLimit, nil
	case C.VMRR_STOP_BREAK:
		return cpu.StopBreak, nil
	case C.VMRR_STOP_HALT:
		return cpu.StopHalt, nil
	case C.VMRR_STOP_RESET:
		return cpu.StopReset, nil
	case C.VMRR_STOP_REQUEST:
		return cpu.StopRequest, nil
	case C.VMRR_STOP_WATCH:
		return cpu.StopWatch, nil
	default:
		return 0, fmt.Errorf("the CPU engine failed at icount %d: %s", e.ICount(), C.GoString(C.vmrr_error(e.c)))
	}
}

// SetLimit implements cpu.Engine.
func (e *Engine) SetLimit(limit uint64) { C.vmrr_set_limit(e.c, C.uint64_t(limit)) }

// RequestStop implements cpu.Engine.
func (e *Engine) RequestStop() {
	e.stop.Lock()
	defer e.stop.Unlock()
	if !e.closed {
		C.vmrr_request_stop(e.c)
	}
}

// ICount implements cpu.Engine.
func (e *Engine) ICount() uint64 { return uint64(C.vmrr_icount(e.c)) }

// SetICount implements cpu.Engine.
func (e *Engine) SetICount(n uint64) { C.vmrr_set_icount(e.c, C.uint64_t(n)) }

// SetClock implements cpu.Engine.
func (e *Engine) SetClock(shift uint, warp uint64) {
	C.vmrr_set_clock(e.c, C.uint32_t(shift), C.uint64_t(warp))
}

// SetInterrupt implements cpu.Engine.
func (e *Engine) SetInterrupt(high bool) { C.vmrr_set_interrupt(e.c, C.bool(high)) }

// NMI implements cpu.Engine.
func (e *Engine) NMI() { C.vmrr_set_nmi(e.c, true) }

// SetA20 implements cpu.Engine.
func (e *Engine) SetA20(high bool) { C.vmrr_set_a20(e.c, C.bool(high)) }

// Halted implements cpu.Engine.
func (e *Engine) Halted() bool { return bool(C.vmrr_halted(e.c)) }

// Interruptible implements cpu.Engine.
func (e *Engine) Interruptible() bool { return bool(C.vmrr_interruptible(e.c)) }

// Delivered implements cpu.Engine.
func (e *Engine) Delivered() bool { return bool(C.vmrr_delivered(e.c)) }

// InterruptsEnabled implements cpu.Engine.
func (e *Engine) InterruptsEnabled() bool { return bool(C.vmrr_interrupts_enabled(e.c)) }

// Reset implements cpu.Engine.
func (e *Engine) Reset() { C.vmrr_x86_reset(e.c) }

// Translate implements cpu.Engine.
func (e *Engine) Translate(linear uint64) (pa uint64, ok bool) {
	var c C.uint64_t
	ok = bool(C.vmrr_translate(e.c, C.uint64_t(linear), &c))
	return uint64(c), ok
}

// Invalidate implements cpu.Engine.
func (e *Engine) Invalidate(pa, size uint64) {
	C.vmrr_invalidate(e.c, C.uint64_t(pa), C.uint64_t(size))
}

// DirtyEpoch implements cpu.Engine.
func (e *Engine) DirtyEpoch() uint32 { return uint32(C.vmrr_dirty_epoch(e.c)) }

// DirtySince implements cpu.Engine.
func (e *Engine) DirtySince(epoch uint32, f func(page int)) {
	for i, at := range unsafe.Slice((*uint32)(C.vmrr_page_epochs(e.c)), e.pages) {
		if at >= epoch {
			f(i)
		}
	}
}

// TakeStores implements cpu.Engine.
func (e *Engine) TakeStores() (linear, physical []uint64) {
	linear, physical = e.stored(false), e.stored(true)
	C.vmrr_forget_stores(e.c)
	return linear, physical
}

func (e *Engine) stored(physical bool) (pages []uint64) {
	var n C.uint32_t
	slots := C.vmrr_stored_pages(e.c, C.bool(physical), &n)
	for _, page := range unsafe.Slice((*uint64)(slots), int(n)) {
		if page != 0 {
			pages = append(pages, page-1)
		}
	}
	return pages
}

// FlushTLB drops all cached address translations. It must not change anything
// that the guest can see; tests call it to prove that.
func (e *Engine) FlushTLB() { C.vmrr_flush_tlb(e.c) }

// Stats are counts of the engine's own work since it was opened. They depend on
// how the run was sliced and are no part of the machine's state.
type Stats struct {
	TranslatedBlocks, CacheFlushes, TLBFills, Exceptions, Interrupts, Restarts uint64
}

// Stats returns the counts.
func (e *Engine) Stats() Stats {
	var c C.struct_vmrr_stats
	C.vmrr_stats(e.c, &c)
	return Stats{uint64(c.translated_blocks), uint64(c.cache_flushes), uint64(c.tlb_fills),
		uint64(c.exceptions), uint64(c.interrupts), uint64(c.restarts)}
}

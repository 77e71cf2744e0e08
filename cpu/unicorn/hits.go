// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

// #include "vmrr.h"
import "C"

import (
	"fmt"

	"github.com/vmrr/vmrr/cpu"
)

// InsertBreak implements cpu.Engine.
func (e *Engine) InsertBreak(linear uint64) {
	if e.breaks[linear]++; e.breaks[linear] == 1 {
		C.vmrr_insert_break(e.c, C.uint64_t(linear))
	}
}

// RemoveBreak implements cpu.Engine.
func (e *Engine) RemoveBreak(linear uint64) {
	switch e.breaks[linear] {
	case 0:
	case 1:
		delete(e.breaks, linear)
		C.vmrr_remove_break(e.c, C.uint64_t(linear))
	default:
		e.breaks[linear]--
	}
}

// SkipBreak implements cpu.Engine.
func (e *Engine) SkipBreak() { C.vmrr_skip_break(e.c) }

// InsertWatch implements cpu.Engine.
func (e *Engine) InsertWatch(w cpu.Watch) error {
	c := watchOf(w)
	if !C.vmrr_insert_watch(e.c, &c) {
		return fmt.Errorf("a watchpoint for a %v: there are %d, which is all there can be", w, C.VMRR_MAX_WATCHES)
	}
	return nil
}

// RemoveWatch implements cpu.Engine.
func (e *Engine) RemoveWatch(w cpu.Watch) {
	c := watchOf(w)
	C.vmrr_remove_watch(e.c, &c)
}

func watchOf(w cpu.Watch) C.struct_vmrr_watch {
	return C.struct_vmrr_watch{addr: C.uint64_t(w.Addr), size: C.uint64_t(w.Size), kind: C.uint32_t(w.Kind), physical: C.bool(w.Physical)}
}

// SetHitMode implements cpu.Engine.
func (e *Engine) SetHitMode(mode cpu.HitMode, enough uint64) {
	C.vmrr_set_hit_mode(e.c, C.int(mode), C.uint64_t(enough))
}

// Hits implements cpu.Engine.
func (e *Engine) Hits() (n uint64, last cpu.Hit) {
	var c C.struct_vmrr_hits
	C.vmrr_hits(e.c, &c)
	return uint64(c.count), cpu.Hit{ICount: uint64(c.last.icount), Addr: uint64(c.last.addr), Watch: cpu.WatchKind(c.last.watch), Store: bool(c.last.store)}
}

// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

// #include "vmrr.h"
import "C"

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

// x86.State and struct vmrr_x86_state have the same fields in the same order and
// no implicit padding, so that a copy of the bytes converts one to the other.
func init() {
	if g, c := binary.Size(x86.State{}), C.sizeof_struct_vmrr_x86_state; g != c || int(unsafe.Sizeof(x86.State{})) != c {
		panic(fmt.Sprintf("x86.State is %d bytes (%d in memory) and struct vmrr_x86_state %d", g, unsafe.Sizeof(x86.State{}), c))
	}
}

// State returns the architectural state.
func (e *Engine) State() *x86.State {
	var s x86.State
	C.vmrr_x86_get_state(e.c, (*C.struct_vmrr_x86_state)(unsafe.Pointer(&s)))
	return &s
}

// SetState replaces the architectural state.
func (e *Engine) SetState(s *x86.State) {
	C.vmrr_x86_set_state(e.c, (*C.struct_vmrr_x86_state)(unsafe.Pointer(s)))
}

// Save implements cpu.Engine.
func (e *Engine) Save() []byte { return e.State().Encode() }

// Load implements cpu.Engine.
func (e *Engine) Load(b []byte) error {
	var s x86.State
	if err := s.Decode(b); err != nil {
		return err
	}
	e.SetState(&s)
	return nil
}

// NewState implements cpu.Engine.
func (e *Engine) NewState() any { return new(x86.State) }

// PC implements cpu.Engine.
func (e *Engine) PC() uint64 {
	s := e.State()
	return s.LinearPC()
}

// CodeBits implements cpu.Engine.
func (e *Engine) CodeBits() int { return e.State().CodeBits() }

// Description implements cpu.Engine.
func (e *Engine) Description() *cpu.Description { return e.descr }

// NarrowDescription implements cpu.Engine.
func (e *Engine) NarrowDescription(bits int) *cpu.Description { return x86.NarrowDescription(bits) }

// ReadRegister implements cpu.Engine.
func (e *Engine) ReadRegister(r *cpu.Register) []byte {
	if r.ID == x86.CR8 {
		return x86.RegisterBytes(r, uint64(e.board.TaskPriority()))
	}
	return e.State().Register(r)
}

// WriteRegister implements cpu.Engine.
func (e *Engine) WriteRegister(r *cpu.Register, value []byte) error {
	if len(value) != r.Bits/8 {
		return fmt.Errorf("writing register %s: got %d bytes, want %d", r.Name, len(value), r.Bits/8)
	}
	if r.ID == x86.CR8 {
		e.board.SetTaskPriority(value[0] & 15)
		return nil
	}
	s := e.State()
	if err := s.SetRegister(r, value); err != nil {
		return err
	}
	e.SetState(s)
	return nil
}

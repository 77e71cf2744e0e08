// SPDX-License-Identifier: GPL-2.0-or-later

package machine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/cpu"
)

// MemoryInput is the change of RAM at a physical address by a debugger: Data is
// the address (u64, little-endian) and the bytes.
func MemoryInput(pa uint64, p []byte) Input {
	return Input{Kind: InputMemory, Data: append(binary.LittleEndian.AppendUint64(nil, pa), p...)}
}

// RegisterInput is the change of a register by a debugger: Data is the length of
// its name (u8), the name and the value.
func RegisterInput(r *cpu.Register, value []byte) Input {
	return Input{Kind: InputRegister, Data: append(append([]byte{byte(len(r.Name))}, r.Name...), value...)}
}

// ErrBetween refuses a change where no input can come in.
var ErrBetween = errors.New("nothing can be changed between the delivery of an interrupt and its handler's first instruction: step one instruction first")

// ErrEnded refuses a change to a machine whose run has ended.
var ErrEnded = errors.New("nothing can be changed: the machine's run has ended")

// Inject delivers an input now, while the machine is stopped, instead of at the
// next Take, and has log write it down: not before, because what is refused must
// not be in a recording.
func (m *Machine) Inject(in Input, log func(at Moment, in Input) error) error {
	if m.end.Kind != EndNone {
		return ErrEnded
	}
	if m.between || m.Engine.Delivered() {
		return ErrBetween
	}
	m.Clock.RunDue()
	at := m.Moment()
	if err := m.deliver(in); err != nil {
		return err
	}
	if err := log(at, in); err != nil {
		return err
	}
	m.advance()
	return nil
}

// change makes a debugger's change.
func (m *Machine) change(in Input) error {
	bad := func(what string) error {
		return fmt.Errorf("delivering a %v input at %v: %s", in.Kind, m.Moment(), what)
	}
	if in.Kind == InputMemory {
		if len(in.Data) < 8 {
			return bad("it has no address")
		}
		pa := binary.LittleEndian.Uint64(in.Data)
		return m.by("the debugger", m.Moment().ICount, func() error {
			_, err := m.RAM.WriteAt(in.Data[8:], int64(pa))
			return err
		})
	}
	if len(in.Data) == 0 || len(in.Data) < 1+int(in.Data[0]) {
		return bad("it has no register")
	}
	n := 1 + int(in.Data[0])
	name, value := string(in.Data[1:n]), in.Data[n:]
	if r := m.Engine.Description().Lookup(name); r != nil {
		return m.Engine.WriteRegister(r, value)
	}
	return bad(fmt.Sprintf("there is no register %q", name))
}

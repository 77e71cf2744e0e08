// SPDX-License-Identifier: GPL-2.0-or-later

package machine_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/machine"
)

// toy is a device with one byte of state.
type toy struct {
	name  string
	value byte
}

func (d *toy) Name() string  { return d.name }
func (d *toy) Reset()        {}
func (d *toy) Save() []byte  { return []byte{d.value} }
func (d *toy) NewState() any { return new(byte) }

func (d *toy) Load(b []byte) error {
	if len(b) != 1 {
		return &devices.StateError{Device: d.name, Reason: fmt.Sprintf("it is %d bytes, want 1", len(b))}
	}
	d.value = b[0]
	return nil
}

func TestSaveAndLoad(t *testing.T) {
	r := newRig(t)
	a, b := &toy{"a", 1}, &toy{"b", 2}
	r.board.devs = []devices.Device{a, b}
	r.timer("timer", func(*icount.Timer) { r.cpu.pin = true }).Arm(500)
	r.cpu.does[10] = func() { r.cpu.halted = true }
	r.door.inputs[machine.Moment{ICount: 10, Sub: 1}] = machine.Input{Kind: machine.InputEnd}
	r.run(t, 20, ended(machine.EndOperator, 0), "icount 10: idle from 20 to 500", "icount 10+1: timer at 500 ns")
	saved, hash := r.Save(), r.Hash()
	if saved.At != (machine.Moment{ICount: 10, Sub: 2}) || saved.Warp != 480 || saved.End.Kind != machine.EndOperator {
		t.Errorf("Save() = %+v, want it at icount 10+2 with warp 480 and the operator's end", saved)
	}

	s := newRig(t)
	c, d := &toy{"a", 0}, &toy{"b", 0}
	s.board.devs = []devices.Device{c, d}
	s.run(t, 3, target)
	if s.Hash() == hash {
		t.Errorf("two machines in different states have the hash %x", hash)
	}
	if err := s.Load(saved); err != nil {
		t.Fatal(err)
	}
	if *c != *a || *d != *b || s.cpu.warp != 480 || s.Clock.Now() != 500 {
		t.Errorf("Load made devices %+v, %+v, warp %d, time %d; want %+v, %+v, 480, 500", *c, *d, s.cpu.warp, s.Clock.Now(), *a, *b)
	}
	s.at(t, 10, 2)
	if got := s.Hash(); got != hash {
		t.Errorf("after Load the hash is %x, want %x", got, hash)
	}
	s.run(t, 20, ended(machine.EndOperator, 0))
}

// A state is that of its moment, however the machine came to stop there.
func TestSaveFiresWhatIsDue(t *testing.T) {
	r := newRig(t)
	timer := r.timer("timer", nil)
	r.run(t, 5, target)
	timer.Arm(7)
	r.story = nil
	r.Save()
	if len(r.story) != 1 || r.story[0] != "icount 5: timer at 10 ns" {
		t.Errorf("Save() with a timer due told %q, want that it fired", r.story)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		blobs []machine.Blob
		typed bool
	}{
		{"one too few", []machine.Blob{{"a", []byte{1}}}, false},
		{"another name", []machine.Blob{{"a", []byte{1}}, {"c", []byte{2}}}, false},
		{"another order", []machine.Blob{{"b", []byte{1}}, {"a", []byte{2}}}, false},
		{"a bad blob", []machine.Blob{{"a", []byte{1}}, {"b", nil}}, true},
	} {
		r := newRig(t)
		r.board.devs = []devices.Device{&toy{"a", 0}, &toy{"b", 0}}
		err := r.Load(machine.State{Devices: test.blobs})
		var typed *devices.StateError
		if err == nil || errors.As(err, &typed) != test.typed {
			t.Errorf("%s: Load has error %v, want one (a StateError: %v)", test.name, err, test.typed)
		}
	}
}

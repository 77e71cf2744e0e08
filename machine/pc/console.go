// SPDX-License-Identifier: GPL-2.0-or-later

package pc

import "github.com/vmrr/vmrr/devices"

// tally counts and hashes what left the machine through one output. It is saved
// with the machine, so that equal state hashes mean equal output too, and its
// count says whether a replayed byte was seen before.
type tally struct {
	name   string
	emit   func(offset uint64, b byte)
	listen func(offset uint64, b byte) // is told too; nil: nobody is
	state  tallyState
}

type tallyState struct {
	Count uint64 // bytes since power-on
	Hash  uint64 // FNV-1a of them
}

const (
	tallyVersion = 1
	fnvOffset    = 14695981039346656037
	fnvPrime     = 1099511628211
)

func newTally(name string, emit func(uint64, byte)) *tally {
	return &tally{name: name, emit: emit, state: tallyState{Hash: fnvOffset}}
}

func (t *tally) put(b byte) {
	at := t.state.Count
	t.state.Count++
	t.state.Hash = (t.state.Hash ^ uint64(b)) * fnvPrime
	if t.emit != nil {
		t.emit(at, b)
	}
	if t.listen != nil {
		t.listen(at, b)
	}
}

// Name implements devices.Device.
func (t *tally) Name() string { return t.name }

// Reset implements devices.Device: output that left cannot be taken back.
func (t *tally) Reset() {}

// Save implements devices.Device.
func (t *tally) Save() []byte { return devices.EncodeState(tallyVersion, &t.state) }

// NewState implements devices.Device.
func (t *tally) NewState() any { return new(tallyState) }

// Load implements devices.Device.
func (t *tally) Load(b []byte) error {
	var s tallyState
	if err := devices.DecodeState(t.name, b, tallyVersion, &s); err != nil {
		return err
	}
	t.state = s
	return nil
}

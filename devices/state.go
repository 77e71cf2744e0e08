// SPDX-License-Identifier: GPL-2.0-or-later

package devices

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// StateError says why a device's saved state cannot be loaded.
type StateError struct {
	Device string
	Reason string
}

func (e *StateError) Error() string {
	return fmt.Sprintf("loading the state of device %s: %s", e.Device, e.Reason)
}

// EncodeState encodes a fixed-size struct (integers, bools, arrays and structs
// of them; no slices, maps or strings) little-endian behind its u16 version.
// The same state always gives the same bytes, so they can be hashed.
func EncodeState(version uint16, state any) []byte {
	var b bytes.Buffer
	// Write fails only on a type that is not fixed-size: a mistake in this
	// program that the first test finds, not a condition of a run.
	if err := binary.Write(&b, binary.LittleEndian, version); err != nil {
		panic(err)
	}
	if err := binary.Write(&b, binary.LittleEndian, state); err != nil {
		panic(fmt.Sprintf("state %T is not of fixed size: %v", state, err))
	}
	return b.Bytes()
}

// DecodeState decodes what EncodeState made into state, a pointer. Another
// version or length is a *StateError and state is not to be used.
func DecodeState(device string, blob []byte, version uint16, state any) error {
	want := 2 + binary.Size(state)
	if len(blob) < 2 {
		return &StateError{device, fmt.Sprintf("it is %d bytes, want %d", len(blob), want)}
	}
	if v := binary.LittleEndian.Uint16(blob); v != version {
		return &StateError{device, fmt.Sprintf("it has version %d, want %d", v, version)}
	}
	if len(blob) != want {
		return &StateError{device, fmt.Sprintf("it is %d bytes, want %d", len(blob), want)}
	}
	if err := binary.Read(bytes.NewReader(blob[2:]), binary.LittleEndian, state); err != nil {
		return &StateError{device, err.Error()}
	}
	return nil
}

// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/machine"
)

// Limits on what the record of a snapshot may hold; a writer refuses what a reader
// would.
const (
	maxName  = 1 << 10 // bytes of a name
	maxBlobs = 1 << 10 // devices
	maxState = 8 << 20 // bytes of all but the references to chunks
)

var errForm = errors.New("its contents do not have the form of a snapshot")

func appendBlob(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// appendState writes the name and the state of a snapshot: varints, and strings and
// blobs behind their lengths.
func appendState(dst []byte, name string, s *State) ([]byte, error) {
	if len(name) > maxName {
		return nil, fmt.Errorf("the snapshot's name has %d bytes: want at most %d", len(name), maxName)
	}
	if len(s.Devices) > maxBlobs {
		return nil, fmt.Errorf("there are %d devices: want at most %d", len(s.Devices), maxBlobs)
	}
	start := len(dst)
	dst = appendBlob(dst, []byte(name))
	for _, v := range []uint64{s.At.ICount, uint64(s.At.Sub), s.Warp, s.Consumed, uint64(s.End.Kind), uint64(uint32(s.End.Code))} {
		dst = binary.AppendUvarint(dst, v)
	}
	dst = appendBlob(dst, s.CPU)
	dst = binary.AppendUvarint(dst, uint64(len(s.Devices)))
	for _, d := range s.Devices {
		if len(d.Name) > maxName {
			return nil, fmt.Errorf("a device's name has %d bytes: want at most %d", len(d.Name), maxName)
		}
		dst = appendBlob(appendBlob(dst, []byte(d.Name)), d.Data)
	}
	if n := len(dst) - start; n > maxState {
		return nil, fmt.Errorf("the machine's state has %d bytes: want at most %d", n, maxState)
	}
	return dst, nil
}

// decoder reads what was written so from memory. The first error sticks.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.err = errForm
	}
	if d.err != nil {
		return 0
	}
	d.b = d.b[n:]
	return v
}

// upTo reads a number that is at most most.
func (d *decoder) upTo(most uint64) uint64 {
	v := d.uvarint()
	if v > most {
		d.err = errForm
		return 0
	}
	return v
}

// blob reads a copy of some bytes; nil if there are none.
func (d *decoder) blob() []byte {
	n := d.uvarint()
	if n > uint64(len(d.b)) { // of what is left behind the length
		d.err = errForm
	}
	if d.err != nil || n == 0 {
		return nil
	}
	b := append([]byte(nil), d.b[:n]...)
	d.b = d.b[n:]
	return b
}

func (d *decoder) name() string {
	b := d.blob()
	if len(b) > maxName {
		d.err = errForm
	}
	return string(b)
}

func (d *decoder) state() (name string, s State) {
	name = d.name()
	s.At.ICount = d.uvarint()
	s.At.Sub = uint32(d.upTo(1<<32 - 1))
	s.Warp = d.uvarint()
	s.Consumed = d.uvarint()
	s.End.Kind = machine.EndKind(d.upTo(1<<8 - 1))
	s.End.Code = int(int32(d.upTo(1<<32 - 1)))
	s.CPU = d.blob()
	for n := d.upTo(maxBlobs); n > 0 && d.err == nil; n-- {
		s.Devices = append(s.Devices, machine.Blob{Name: d.name(), Data: d.blob()})
	}
	return name, s
}

// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/vmrr/vmrr/machine"
)

// Limits on what a snapshot file may hold; a writer refuses what a reader would.
const (
	maxName  = 1 << 10  // bytes of a name
	maxBlob  = 64 << 20 // bytes of one blob
	maxBlobs = 1 << 10  // blobs of one list
)

var errForm = errors.New("its contents do not have the form of a snapshot")

// encoder writes the contents of a snapshot file: varints, strings and blobs
// behind their lengths. The first error sticks.
type encoder struct {
	w   io.Writer
	err error
}

func (e *encoder) write(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

func (e *encoder) uvarint(v uint64) { e.write(binary.AppendUvarint(nil, v)) }

func (e *encoder) blob(what string, b []byte, limit int) {
	if len(b) > limit && e.err == nil {
		e.err = fmt.Errorf("%s has %d bytes: want at most %d", what, len(b), limit)
	}
	e.uvarint(uint64(len(b)))
	e.write(b)
}

func (e *encoder) blobs(what string, list []machine.Blob) {
	if len(list) > maxBlobs && e.err == nil {
		e.err = fmt.Errorf("there are %d %s: want at most %d", len(list), what, maxBlobs)
	}
	e.uvarint(uint64(len(list)))
	for _, b := range list {
		e.blob("the name of a state", []byte(b.Name), maxName)
		e.blob("the state of "+b.Name, b.Data, maxBlob)
	}
}

// snapshot writes the state, then the pages that are not zero as runs: the number
// of pages of zeros before the run, its length in pages, their bytes. A run of no
// pages ends the list.
func (e *encoder) snapshot(s *Snapshot) error {
	e.blob("the snapshot's name", []byte(s.Name), maxName)
	e.uvarint(s.State.At.ICount)
	e.uvarint(uint64(s.State.At.Sub))
	e.uvarint(s.State.Warp)
	e.uvarint(s.State.Consumed)
	e.blob("the CPU's state", s.State.CPU, maxBlob)
	e.blobs("devices", s.State.Devices)
	e.uvarint(uint64(s.State.End.Kind))
	e.uvarint(uint64(uint32(s.State.End.Code)))
	for i := 0; i < s.ram.pages; {
		first := i
		for i < s.ram.pages && s.ram.get(i) == nil {
			i++
		}
		start := i
		for i < s.ram.pages && s.ram.get(i) != nil {
			i++
		}
		if i == start {
			break
		}
		e.uvarint(uint64(start - first))
		e.uvarint(uint64(i - start))
		for p := start; p < i; p++ {
			e.write(s.ram.get(p)[:])
		}
	}
	e.uvarint(0)
	e.uvarint(0)
	return e.err
}

// decoder is the inverse of encoder.
type decoder struct {
	r   *bufio.Reader
	err error
}

func (d *decoder) uvarint() uint64 {
	if d.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(d.r)
	if err != nil {
		d.err = err
		return 0
	}
	return v
}

func (d *decoder) blob(limit int) []byte {
	n := d.uvarint()
	if d.err == nil && n > uint64(limit) {
		d.err = errForm
	}
	if d.err != nil || n == 0 {
		return nil
	}
	var b bytes.Buffer // grows with what is there, not with what is promised
	_, d.err = io.CopyN(&b, d.r, int64(n))
	return b.Bytes()
}

func (d *decoder) blobs() []machine.Blob {
	n := d.uvarint()
	if n > maxBlobs {
		d.err = errForm
	}
	var list []machine.Blob
	for range n {
		if d.err != nil {
			return nil
		}
		list = append(list, machine.Blob{Name: string(d.blob(maxName)), Data: d.blob(maxBlob)})
	}
	return list
}

// snapshot reads a snapshot with the given number of pages to the end of the stream.
func (d *decoder) snapshot(pages int) (*Snapshot, error) {
	s := &Snapshot{Name: string(d.blob(maxName))}
	s.State.At.ICount = d.uvarint()
	sub := d.uvarint()
	s.State.At.Sub = uint32(sub)
	s.State.Warp = d.uvarint()
	s.State.Consumed = d.uvarint()
	s.State.CPU = d.blob(maxBlob)
	s.State.Devices = d.blobs()
	end, code := d.uvarint(), d.uvarint()
	s.State.End = machine.End{Kind: machine.EndKind(end), Code: int(int32(code))}
	if d.err == nil && ((sub|code)>>32 != 0 || end > 255) {
		d.err = errForm
	}
	b := newBuilder(newTable(pages))
	for i := 0; ; {
		skip, count := d.uvarint(), d.uvarint()
		left := uint64(pages - i)
		if d.err == nil && (skip > left || count > left-skip || count == 0 && skip != 0) {
			d.err = errForm
		}
		if d.err != nil {
			return nil, d.err
		}
		if count == 0 {
			break
		}
		i += int(skip)
		for range count {
			p := new(page)
			if _, err := io.ReadFull(d.r, p[:]); err != nil {
				return nil, err
			}
			b.set(i, p)
			i++
		}
	}
	if _, err := d.r.ReadByte(); err != io.EOF {
		return nil, errForm
	}
	s.ram = b.t
	return s, nil
}

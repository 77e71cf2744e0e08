// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vmrr/vmrr/internal/atomicfile"
	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
)

// Stretch is what is known of where the guest stored in a stretch of the run, the
// instructions behind count From, up to and with To: the pages, by number, that they may
// have stored to. To others they have not, and nothing else has written to RAM in the
// stretch: no debugger, no device, no reset.
type Stretch struct {
	From, To         uint64
	Linear, Physical []uint64 // ascending; linear ones of whatever address space
}

// The file of stretches lies beside the log. It can be learned anew from the log, so
// nothing but speed depends on it. It has the form of package framed, and each frame is
// a stretch (uvarints):
//
//	From | To - From | bytes of the pages | the pages, as one zstd frame
//
// The pages are, for the linear ones and then for the physical ones, their number and
// of each its distance from the one before; of the first, from 0.
var storesFormat = framed.Format{Magic: "vmrrstor", Version: storesVersion}

// storesVersion changes with the form of the file, and with what engines take for a store.
const storesVersion = 1

const (
	frameStretch = 1
	maxStretch   = maxRecords // bytes of a stretch's pages, decompressed
	maxStored    = maxStretch + 64
)

// payload returns the stretch as a frame's bytes; ok is false if it has more pages than
// one can say.
func (s *Stretch) payload() (b []byte, ok bool) {
	var pages []byte
	for _, list := range [][]uint64{s.Linear, s.Physical} {
		pages = binary.AppendUvarint(pages, uint64(len(list)))
		last := uint64(0)
		for _, p := range list {
			pages = binary.AppendUvarint(pages, p-last)
			last = p
		}
	}
	if len(pages) > maxStretch {
		return nil, false
	}
	b = binary.AppendUvarint(nil, s.From)
	b = binary.AppendUvarint(b, s.To-s.From)
	b = binary.AppendUvarint(b, uint64(len(pages)))
	return compressor().EncodeAll(pages, b), true
}

var errStretch = errors.New("a stretch does not have the form of one")

// decodeStretch is the inverse of payload.
func decodeStretch(payload []byte) (s Stretch, err error) {
	d := decoder{b: payload}
	s.From = d.uvarint()
	s.To = d.sum(s.From)
	pages, err := d.unpack(codecZstd)
	if err != nil {
		return s, err
	}
	if d.failed || s.To == s.From {
		return s, errStretch
	}
	d = decoder{b: pages}
	s.Linear, s.Physical = d.ascending(), d.ascending()
	if d.failed || len(d.b) != 0 {
		return s, errStretch
	}
	return s, nil
}

// ascending returns a list of numbers each of which is greater than the one before.
func (d *decoder) ascending() []uint64 {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	list, last := make([]uint64, n), uint64(0)
	for i := range list {
		list[i] = d.sum(last)
		if i > 0 && list[i] == last {
			d.fail()
		}
		last = list[i]
	}
	return list
}

// StoresPath returns the file of the recording in which stretches are kept.
func (d *Dir) StoresPath() string { return filepath.Join(d.path, storesName) }

// stretchWriter writes a file of stretches.
type stretchWriter struct {
	w    io.Writer
	id   ID
	size int64 // so far
	err  error // sticky
}

// begin begins the file.
func (w *stretchWriter) begin() error { return w.write(storesFormat.Header(w.id)) }

// Append adds a stretch, which lies behind those that were added before. One of too many
// pages is left out. After an error nothing is written any more.
func (w *stretchWriter) Append(s Stretch) error {
	payload, ok := s.payload()
	if !ok {
		return w.err
	}
	return w.write(framed.Append(nil, w.id, w.size, frameStretch, payload))
}

func (w *stretchWriter) write(b []byte) error {
	if w.err == nil {
		_, w.err = w.w.Write(b)
		w.size += int64(len(b))
	}
	return w.err
}

// StoresWriter adds stretches to a recording in the making. A writer that is killed
// leaves all but the one that it was at.
type StoresWriter struct {
	stretchWriter
	f *os.File
}

// CreateStores creates the recording's file of stretches, which must not exist.
func (d *Dir) CreateStores() (*StoresWriter, error) {
	f, err := os.OpenFile(d.StoresPath(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("creating the recording's file of stores: %w", err)
	}
	w := &StoresWriter{stretchWriter{w: f, id: d.id}, f}
	if err := w.begin(); err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// Close makes the file durable and closes it. The error is the first one of all.
func (w *StoresWriter) Close() error {
	if w.err == nil {
		w.err = w.f.Sync()
	}
	return errors.Join(w.err, w.f.Close())
}

// ReplaceStores puts stretches in place of those that the recording has.
func (d *Dir) ReplaceStores(known []Stretch) error {
	err := atomicfile.Write(d.StoresPath(), func(out io.Writer) error {
		w := stretchWriter{w: out, id: d.id}
		w.begin()
		for _, s := range known {
			w.Append(s)
		}
		return w.err
	})
	if err != nil {
		return fmt.Errorf("keeping where the guest stored in the recording %s: %w", d.path, err)
	}
	return nil
}

// ReadStores calls f for the stretches of the recording, earliest first. They are
// disjoint. Where there is no file there are none. The error is one of package badfile,
// of the first thing that is not as it was written; what f got before that is good. A
// CutOffError is what a writer leaves that was killed.
func (d *Dir) ReadStores(f func(Stretch)) error {
	name := d.StoresPath()
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the recording's file of stores: %w", err)
	}
	defer file.Close()
	frames, err := framed.NewReader(file, name, storesFormat, maxStored)
	if err != nil {
		return err
	}
	if frames.ID() != d.id {
		return &badfile.OtherRecordingError{File: name, Want: d.id.String(), Got: frames.ID().String()}
	}
	for last := uint64(0); ; {
		frame, err := frames.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		damaged := func(what string) error {
			return &badfile.DamagedError{File: name, Offset: frame.Offset, What: what}
		}
		if frame.Kind != frameStretch {
			return damaged(fmt.Sprintf("format version %d knows no frame of kind %d", storesVersion, frame.Kind))
		}
		s, err := decodeStretch(frame.Payload)
		if err != nil {
			return damaged(err.Error())
		}
		if s.From < last {
			return damaged(fmt.Sprintf("a stretch from icount %d on comes after one to %d", s.From, last))
		}
		last = s.To
		f(s)
	}
}

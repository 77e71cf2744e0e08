// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"fmt"
	"io"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
)

// block is a block of a log.
type block struct {
	offset  int64
	records []Record
}

// logReader reads a log block by block and checks everything.
type logReader struct {
	frames *framed.Reader
	name   string
	order
}

// newLogReader reads the header of a log. name is for its errors, those of package
// badfile: a CutOffError if the file is shorter than a header.
func newLogReader(r io.Reader, name string) (*logReader, error) {
	frames, err := framed.NewReader(r, name, logFormat, maxFrame)
	if err != nil {
		return nil, fmt.Errorf("%w; nothing of it can be used", err)
	}
	return &logReader{frames: frames, name: name}, nil
}

// next returns the next block. Behind the end record it returns io.EOF, where the
// file was cut off *badfile.CutOffError, and *badfile.DamagedError at the first
// block that is not what was written. Nothing can be read after an error.
func (r *logReader) next() (block, error) {
	f, err := r.frames.Next()
	var cut *badfile.CutOffError
	switch {
	case r.ended && (err == nil || errors.As(err, &cut)):
		return block{}, r.damaged(r.frames.Offset(), "there are more bytes behind the end record")
	case err == io.EOF && !r.ended:
		return block{}, r.goodSoFar(&badfile.CutOffError{File: r.name, Offset: r.frames.Offset()})
	case err == io.EOF:
		return block{}, err
	case err != nil:
		return block{}, r.goodSoFar(err)
	}
	b, err := openBlock(f)
	if err != nil {
		return block{}, r.damaged(f.Offset, err.Error())
	}
	order := r.order // stays as it is if the block is refused
	for i := range b.records {
		if err := order.add(&b.records[i]); err != nil {
			return block{}, r.damaged(f.Offset, err.Error())
		}
	}
	r.order = order
	return b, nil
}

func (r *logReader) damaged(offset int64, what string) error {
	return r.goodSoFar(&badfile.DamagedError{File: r.name, Offset: offset, What: what})
}

// goodSoFar adds to an error up to where the log is good.
func (r *logReader) goodSoFar(err error) error {
	return fmt.Errorf("%w; it is good up to %v", err, r.last)
}

func openBlock(f framed.Frame) (block, error) {
	if f.Kind != frameBlock {
		return block{}, fmt.Errorf("format version %d knows no frame of kind %d", FormatVersion, f.Kind)
	}
	records, err := decodeBlock(f.Payload)
	return block{f.Offset, records}, err
}

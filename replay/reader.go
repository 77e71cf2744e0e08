// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"fmt"
	"io"

	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
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

// newLogReader reads the header of a log. name is for its errors: *ErrDamaged,
// *ErrTruncated if the file is shorter than a header, or *ErrVersion.
func newLogReader(r io.Reader, name string) (*logReader, error) {
	frames, err := framed.NewReader(r, name, logFormat, maxFrame)
	if err != nil {
		return nil, logError(err, machine.Moment{})
	}
	return &logReader{frames: frames, name: name}, nil
}

// next returns the next block. Behind the end record it returns io.EOF, where the
// file was cut off *ErrTruncated, and *ErrDamaged at the first block that is not
// what was written. Nothing can be read after an error.
func (r *logReader) next() (block, error) {
	f, err := r.frames.Next()
	var cut *framed.CutOffError
	switch {
	case r.ended && (err == nil || errors.As(err, &cut)):
		return block{}, r.damaged(r.frames.Offset(), "there are more bytes behind the end record")
	case err == io.EOF && !r.ended:
		return block{}, &ErrTruncated{File: r.name, Offset: r.frames.Offset(), Last: r.last}
	case err == io.EOF:
		return block{}, err
	case err != nil:
		return block{}, logError(err, r.last)
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
	return &ErrDamaged{File: r.name, Offset: offset, Last: r.last, What: what}
}

func openBlock(f framed.Frame) (block, error) {
	if f.Kind != frameBlock {
		return block{}, fmt.Errorf("format version %d knows no frame of kind %d", FormatVersion, f.Kind)
	}
	records, err := decodeBlock(f.Payload)
	return block{f.Offset, records}, err
}

// logError makes an error of package framed one of a log that is good up to last.
func logError(err error, last machine.Moment) error {
	var (
		damaged *framed.DamagedError
		cut     *framed.CutOffError
		version *framed.VersionError
	)
	switch {
	case errors.As(err, &damaged):
		return &ErrDamaged{File: damaged.File, Offset: damaged.Offset, Last: last, What: damaged.What}
	case errors.As(err, &cut):
		return &ErrTruncated{File: cut.File, Offset: cut.Offset, Last: last}
	case errors.As(err, &version):
		return &ErrVersion{File: version.File, Got: version.Got, Want: version.Want}
	}
	return fmt.Errorf("the recording's log: %w", err)
}

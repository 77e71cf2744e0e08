// SPDX-License-Identifier: GPL-2.0-or-later

package framed

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/vmrr/vmrr/internal/badfile"
)

// Frame is one frame of a file.
type Frame struct {
	Kind    byte
	Payload []byte
	Offset  int64 // of the frame in the file
}

// Reader reads a file frame by frame.
type Reader struct {
	r      *bufio.Reader
	name   string
	id     ID
	max    int
	offset int64 // of the next frame
	err    error // what every further Next returns
}

// NewReader reads the header of a file. name is for the errors: those of package
// badfile, a CutOffError if the file is shorter than a header, and those of reading.
// Payloads of more than maxPayload bytes count as damage.
func NewReader(r io.Reader, name string, f Format, maxPayload int) (*Reader, error) {
	header := make([]byte, HeaderSize)
	n, err := io.ReadFull(r, header)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	id, err := f.check(name, header[:n])
	if err != nil {
		return nil, err
	}
	return &Reader{r: bufio.NewReaderSize(r, 64<<10), name: name, id: id, max: maxPayload, offset: HeaderSize}, nil
}

// ID returns the id in the header.
func (r *Reader) ID() ID { return r.id }

// Offset returns the number of bytes read: where the next frame begins.
func (r *Reader) Offset() int64 { return r.offset }

// Next returns the next frame. Where the file ends after a whole frame the error
// is io.EOF, in the middle of one *badfile.CutOffError, and *badfile.DamagedError at
// the first frame that is not what was written. Each of them is final.
func (r *Reader) Next() (Frame, error) {
	if r.err != nil {
		return Frame{}, r.err
	}
	f, err := r.next()
	r.err = err
	return f, err
}

func (r *Reader) next() (Frame, error) {
	head := make([]byte, headSize)
	n, err := io.ReadFull(r.r, head)
	if n == 0 && err == io.EOF {
		return Frame{}, io.EOF
	}
	if err != nil {
		return Frame{}, r.short(err)
	}
	length, sum, what := parseHead(head, r.id, r.offset, r.max)
	if what != "" {
		return Frame{}, r.bad(head, what)
	}
	body := make([]byte, length+tailSize)
	if _, err := io.ReadFull(r.r, body); err != nil {
		return Frame{}, r.short(err)
	}
	if what := checkBody(body, sum); what != "" {
		return Frame{}, r.bad(body, what)
	}
	f := Frame{Kind: head[0], Payload: body[:length:length], Offset: r.offset}
	r.offset += int64(length + Overhead)
	return f, nil
}

// parseHead returns a frame's payload length and the checksum so far; what is not
// empty if the head is not what was written.
func parseHead(head []byte, id ID, offset int64, most int) (length int, sum uint32, what string) {
	sum = crc32.Update(base(id, offset), castagnoli, head[:4])
	if got := binary.LittleEndian.Uint32(head[4:]); got != sum {
		return 0, 0, fmt.Sprintf("the head of a frame has checksum %08x, its bytes give %08x", got, sum)
	}
	length = int(head[1]) | int(head[2])<<8 | int(head[3])<<16
	if length > most {
		return 0, 0, fmt.Sprintf("a frame has %d bytes, the most is %d", length, most)
	}
	return length, crc32.Update(sum, castagnoli, head[4:]), ""
}

// checkBody checks a payload and the tail behind it.
func checkBody(body []byte, sum uint32) (what string) {
	length := len(body) - tailSize
	sum = crc32.Update(sum, castagnoli, body[:length])
	if got := binary.LittleEndian.Uint32(body[length:]); got != sum {
		return fmt.Sprintf("a frame has checksum %08x, its bytes give %08x", got, sum)
	}
	if got := body[length+4]; got != endByte {
		return fmt.Sprintf("a frame ends with byte %#02x, want %#02x", got, endByte)
	}
	return ""
}

// short is the error for a frame that could not be read whole.
func (r *Reader) short(err error) error {
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return fmt.Errorf("reading %s at byte %d: %w", r.name, r.offset, err)
	}
	return &badfile.CutOffError{File: r.name, Offset: r.offset}
}

// bad is the error for bytes that are not what was written. If their last one and
// all that follows is zero, the frame was never written in full.
func (r *Reader) bad(read []byte, what string) error {
	if read[len(read)-1] == 0 && r.zeroTail() {
		return &badfile.CutOffError{File: r.name, Offset: r.offset}
	}
	return &badfile.DamagedError{File: r.name, Offset: r.offset, What: what}
}

// zeroTail reads the rest of the file and reports whether it is all zero.
func (r *Reader) zeroTail() bool {
	for {
		c, err := r.r.ReadByte()
		if err != nil {
			return err == io.EOF
		}
		if c != 0 {
			return false
		}
	}
}

// ReadAt reads the frame at an offset that is known from an earlier pass. If it is no
// longer there, or not whole, the file is damaged: *badfile.DamagedError.
func ReadAt(r io.ReaderAt, name string, id ID, offset int64, maxPayload int) (Frame, error) {
	damaged := func(what string) error { return &badfile.DamagedError{File: name, Offset: offset, What: what} }
	short := func(err error) error {
		if err == io.EOF {
			return damaged("it is cut off there")
		}
		return fmt.Errorf("reading %s at byte %d: %w", name, offset, err)
	}
	head := make([]byte, headSize)
	if _, err := r.ReadAt(head, offset); err != nil {
		return Frame{}, short(err)
	}
	length, sum, what := parseHead(head, id, offset, maxPayload)
	if what != "" {
		return Frame{}, damaged(what)
	}
	body := make([]byte, length+tailSize)
	if n, err := r.ReadAt(body, offset+headSize); n < len(body) {
		return Frame{}, short(err)
	}
	if what := checkBody(body, sum); what != "" {
		return Frame{}, damaged(what)
	}
	return Frame{Kind: head[0], Payload: body[:length:length], Offset: offset}, nil
}

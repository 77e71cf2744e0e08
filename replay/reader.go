// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/vmrr/vmrr/machine"
)

// Reader reads a log record by record.
type Reader struct {
	r      *bufio.Reader
	name   string
	id     ID
	offset int64          // of the next frame
	last   machine.Moment // of the last record
	ended  bool
	err    error // what every further Next returns
}

// NewReader reads the header of a log. name is for its errors: *ErrDamaged,
// *ErrTruncated if the file is shorter than a header, or *ErrVersion.
func NewReader(r io.Reader, name string) (*Reader, error) {
	header := make([]byte, headerSize)
	n, err := io.ReadFull(r, header)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("reading the recording's log %s: %w", name, err)
	}
	id, err := decodeHeader(name, header[:n])
	if err != nil {
		return nil, err
	}
	return &Reader{r: bufio.NewReaderSize(r, 64<<10), name: name, id: id, offset: headerSize}, nil
}

// ID returns the id of the recording the log belongs to.
func (r *Reader) ID() ID { return r.id }

// Offset returns the number of bytes read: the end of the last record.
func (r *Reader) Offset() int64 { return r.offset }

// Next returns the next record. After the end record it returns io.EOF, where the
// file was cut off *ErrTruncated, and *ErrDamaged at the first frame that is not
// what was written. Each of them is final.
func (r *Reader) Next() (Record, error) {
	if r.err != nil {
		return Record{}, r.err
	}
	rec, err := r.next()
	if err != nil {
		r.err = err
		return Record{}, err
	}
	return rec, nil
}

func (r *Reader) next() (Record, error) {
	head := make([]byte, frameHead)
	n, err := io.ReadFull(r.r, head)
	if r.ended {
		if n == 0 && err != nil {
			return Record{}, err
		}
		return Record{}, r.damaged("there are more bytes after the end record")
	}
	if err != nil {
		return Record{}, r.short(err)
	}
	sum := crc32.Update(frameBase(r.id, r.offset), castagnoli, head[:4])
	if got := binary.LittleEndian.Uint32(head[4:]); got != sum {
		return Record{}, r.bad(head, fmt.Sprintf("the head of a frame has checksum %08x, its bytes give %08x", got, sum))
	}
	kind := Kind(head[0])
	length := int(head[1]) | int(head[2])<<8 | int(head[3])<<16
	if length > maxPayload {
		return Record{}, r.damaged(fmt.Sprintf("a frame (%v) has %d bytes, the most is %d", kind, length, maxPayload))
	}
	body := make([]byte, length+frameTail)
	if _, err := io.ReadFull(r.r, body); err != nil {
		return Record{}, r.short(err)
	}
	payload := body[:length]
	sum = crc32.Update(sum, castagnoli, head[4:])
	sum = crc32.Update(sum, castagnoli, payload)
	if got := binary.LittleEndian.Uint32(body[length:]); got != sum {
		return Record{}, r.bad(body, fmt.Sprintf("a frame (%v) has checksum %08x, its bytes give %08x", kind, got, sum))
	}
	if got := body[length+4]; got != frameEnd {
		return Record{}, r.bad(body, fmt.Sprintf("a frame (%v) ends with byte %#02x, want %#02x", kind, got, frameEnd))
	}
	rec, err := decodeRecord(kind, payload)
	if err != nil {
		return Record{}, r.damaged(fmt.Sprintf("reading a frame (%v): %v", kind, err))
	}
	if rec.At.Before(r.last) {
		return Record{}, r.damaged(fmt.Sprintf("the moment goes back to %v", rec.At))
	}
	r.last = rec.At
	r.offset += int64(frameHead + length + frameTail)
	r.ended = kind == KindEnd
	return rec, nil
}

// short is the error for a frame that could not be read whole.
func (r *Reader) short(err error) error {
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return fmt.Errorf("reading the recording's log %s at byte %d: %w", r.name, r.offset, err)
	}
	return &ErrTruncated{File: r.name, Offset: r.offset, Last: r.last}
}

// bad is the error for bytes that are not what was written. If their last one and
// all that follows is zero, the frame was never written in full.
func (r *Reader) bad(read []byte, what string) error {
	if read[len(read)-1] == 0 && r.zeroTail() {
		return &ErrTruncated{File: r.name, Offset: r.offset, Last: r.last}
	}
	return r.damaged(what)
}

func (r *Reader) damaged(what string) error {
	return &ErrDamaged{File: r.name, Offset: r.offset, Last: r.last, What: what}
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

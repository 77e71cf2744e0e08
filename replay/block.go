// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A block is
//
//	ordinal                   of its first record
//	number of records         at least 1
//	icount, virtual ns        of its first record
//	u8 codec                  0: the records as they are, to the end
//	                          1: their size, then the records as one zstd frame
//
// and a record
//
//	u8 kind
//	icount                    less that of the record before; the first: 0
//	sub
//	virtual ns, ordinal       as icount
//	payload's length, payload (payload.go)
//
// So the records of a block can be read without the blocks before it.

// The codecs.
const (
	codecRaw  = 0
	codecZstd = 1
)

// minRecord is the size in bytes of the smallest record.
const minRecord = 6

// position is what records say in differences.
type position struct{ ordinal, icount, now uint64 }

func positionOf(r *Record) position { return position{r.Ordinal, r.At.ICount, r.Now} }

// buffer gathers the records of a block.
type buffer struct {
	first, last position
	count       uint64
	records     []byte
	payload     []byte // scratch
}

// add appends a record, which must be in order (type order).
func (b *buffer) add(r *Record) (err error) {
	if b.payload, err = r.encode(b.payload[:0]); err != nil {
		return err
	}
	at := positionOf(r)
	if b.count == 0 {
		b.first, b.last = at, at
	}
	b.records = append(b.records, byte(r.Kind))
	b.records = binary.AppendUvarint(b.records, at.icount-b.last.icount)
	b.records = binary.AppendUvarint(b.records, uint64(r.At.Sub))
	b.records = binary.AppendUvarint(b.records, at.now-b.last.now)
	b.records = binary.AppendUvarint(b.records, at.ordinal-b.last.ordinal)
	b.records = binary.AppendUvarint(b.records, uint64(len(b.payload)))
	b.records = append(b.records, b.payload...)
	b.last = at
	b.count++
	return nil
}

// block returns the block's bytes.
func (b *buffer) block() []byte {
	out := binary.AppendUvarint(nil, b.first.ordinal)
	out = binary.AppendUvarint(out, b.count)
	out = binary.AppendUvarint(out, b.first.icount)
	out = binary.AppendUvarint(out, b.first.now)
	packed := binary.AppendUvarint(nil, uint64(len(b.records)))
	packed = compressor().EncodeAll(b.records, packed)
	if len(packed) < len(b.records) {
		return append(append(out, codecZstd), packed...)
	}
	return append(append(out, codecRaw), b.records...)
}

func (b *buffer) reset() { b.count, b.records = 0, b.records[:0] }

// compressor and decompressor do whole blocks, on the caller's thread. The frames
// have checks of their own.
var compressor = sync.OnceValue(func() *zstd.Encoder {
	return must(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false)))
})

var decompressor = sync.OnceValue(func() *zstd.Decoder {
	return must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxRecords), zstd.WithDecodeAllCapLimit(true)))
})

// must is for options that are constant.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var errBlock = errors.New("a block does not have the form of one")

// decodeBlock returns the records of a block. It does not look at their order.
func decodeBlock(b []byte) ([]Record, error) {
	d := decoder{b: b}
	var last position
	last.ordinal = d.uvarint()
	count := d.uvarint()
	last.icount, last.now = d.uvarint(), d.uvarint()
	codec := d.byte()
	if d.failed {
		return nil, errBlock
	}
	records, err := d.unpack(codec)
	if err != nil {
		return nil, err
	}
	if count == 0 || count > uint64(len(records))/minRecord {
		return nil, fmt.Errorf("a block of %d bytes says that it has %d records", len(records), count)
	}
	out := make([]Record, count)
	d = decoder{b: records}
	for i := range out {
		if err := d.record(&out[i], &last); err != nil {
			return nil, fmt.Errorf("record %d of a block (%v): %w", i, out[i].Kind, err)
		}
	}
	if len(d.b) != 0 {
		return nil, fmt.Errorf("a block has %d bytes behind its last record", len(d.b))
	}
	return out, nil
}

// unpack returns the records' bytes, never more than maxRecords.
func (d *decoder) unpack(codec byte) ([]byte, error) {
	size := uint64(len(d.b))
	switch codec {
	case codecRaw:
	case codecZstd:
		size = d.uvarint()
	default:
		return nil, fmt.Errorf("format version %d knows no codec %d", FormatVersion, codec)
	}
	if d.failed || size > maxRecords {
		return nil, fmt.Errorf("a block has %d bytes of records, the most is %d", size, maxRecords)
	}
	if codec == codecRaw {
		return d.b, nil
	}
	out, err := decompressor().DecodeAll(d.b, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("decompressing a block: %w", err)
	}
	if uint64(len(out)) != size {
		return nil, fmt.Errorf("a block has %d bytes of records, want %d", len(out), size)
	}
	return out, nil
}

// record reads the next record; last is the position of the one before it.
func (d *decoder) record(r *Record, last *position) error {
	r.Kind = Kind(d.byte())
	r.At.ICount = d.sum(last.icount)
	sub := d.uvarint()
	r.At.Sub = uint32(sub)
	r.Now = d.sum(last.now)
	r.Ordinal = d.sum(last.ordinal)
	payload := d.take(d.uvarint())
	if d.failed || sub>>32 != 0 {
		return errBlock
	}
	*last = positionOf(r)
	return r.decode(payload)
}

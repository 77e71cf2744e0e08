// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/klauspost/compress/s2"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
)

// batchPages is the most pages that one batch holds.
const batchPages = 64

// maxBatch is the most bytes of a batch's frame without its overhead: pages that
// do not compress, their keys, and what S2 may add.
const maxBatch = batchPages*(PageSize+keySize) + 4096

// key stands for a page's contents: the first half of their SHA-256.
type key [keySize]byte

const keySize = 16

func keyOf(p *pageData) key {
	sum := sha256.Sum256(p[:])
	return key(sum[:keySize])
}

// kindBatch is the kind of a segment's frames.
const kindBatch = 1

// A batch's payload is a varint, the number of pages; their keys; their contents,
// compressed as a block of S2. zstd makes a fifth less of them, but takes three times as
// long, which a recorder that leaves many snapshots cannot spare, and twice as long back.
func encodeBatch(keys []key, pages []byte) []byte {
	payload := binary.AppendUvarint(nil, uint64(len(keys)))
	for _, k := range keys {
		payload = append(payload, k[:]...)
	}
	return append(payload, s2.Encode(nil, pages)...)
}

var errBatch = errors.New("its contents do not have the form of a batch of pages")

// splitBatch returns the keys in a batch's payload and the compressed rest.
func splitBatch(kind byte, payload []byte) (keys []key, packed []byte, err error) {
	count, n := binary.Uvarint(payload)
	if kind != kindBatch || n <= 0 || count == 0 || count > batchPages || len(payload)-n < int(count)*keySize {
		return nil, nil, errBatch
	}
	payload = payload[n:]
	for range count {
		keys = append(keys, key(payload[:keySize]))
		payload = payload[keySize:]
	}
	return keys, payload, nil
}

// decodeBatch returns the keys and pages of a batch's payload. The pages are in buf
// if it is large enough.
func decodeBatch(kind byte, payload, buf []byte) (keys []key, pages []byte, err error) {
	keys, packed, err := splitBatch(kind, payload)
	if err != nil {
		return nil, nil, err
	}
	if n, err := s2.DecodedLen(packed); err != nil || n != len(keys)*PageSize {
		return nil, nil, errBatch
	}
	pages, err = s2.Decode(buf[:cap(buf)], packed)
	return keys, pages, err
}

// batch is where some pages lie on disk.
type batch struct {
	owner  *Disk // whose index names it, or did
	seg    *segment
	offset int64 // of its frame
	length int64 // of its frame, bytes
	count  int   // of pages
	// first is the number of its first page in the owner's index, 0 if it is not there
	// any more. It changes, as all below, under the owner's lock.
	first uint64
	nodes []page // made when needed
}

// node returns one of the batch's pages, always the same for a slot.
func (b *batch) node(slot int) *page {
	if b.nodes == nil {
		b.seg.loaded = true
		b.nodes = make([]page, b.count)
		places := make([]place, b.count)
		for i := range b.nodes {
			places[i] = place{b, i}
			b.nodes[i].at.Store(&places[i])
		}
	}
	return &b.nodes[slot]
}

// frame reads the batch's frame.
func (b *batch) frame() (framed.Frame, error) {
	f, err := b.seg.open()
	if err != nil {
		return framed.Frame{}, err
	}
	frame, err := framed.ReadAt(f, b.seg.path, b.seg.id, b.offset, maxBatch)
	if err == nil && int64(len(frame.Payload)+framed.Overhead) != b.length {
		err = b.damaged(fmt.Sprintf("a batch has %d bytes, the index says %d", len(frame.Payload)+framed.Overhead, b.length))
	}
	return frame, err
}

// keys reads the keys of the batch's pages.
func (b *batch) keys() ([]key, error) {
	frame, err := b.frame()
	if err != nil {
		return nil, err
	}
	keys, _, err := splitBatch(frame.Kind, frame.Payload)
	return keys, b.check(keys, err)
}

// read reads the batch's pages, into buf if it is large enough.
func (b *batch) read(buf []byte) (keys []key, pages []byte, err error) {
	frame, err := b.frame()
	if err != nil {
		return nil, nil, err
	}
	keys, pages, err = decodeBatch(frame.Kind, frame.Payload, buf)
	return keys, pages, b.check(keys, err)
}

func (b *batch) check(keys []key, err error) error {
	if err != nil {
		return b.damaged(err.Error())
	}
	if len(keys) != b.count {
		return b.damaged(fmt.Sprintf("a batch has %d pages, the index says %d", len(keys), b.count))
	}
	return nil
}

func (b *batch) damaged(what string) error {
	return &badfile.DamagedError{File: b.seg.path, Offset: b.offset, What: what}
}

// of reports whether the batch is in a store's index.
func (b *batch) of(d *Disk) bool { return b.owner == d && b.first != 0 }

// share returns how many of the batch's bytes some of its pages, a bit each, make up.
func (b *batch) share(pages uint64) int64 {
	return b.length * int64(bits.OnesCount64(pages)) / int64(b.count)
}

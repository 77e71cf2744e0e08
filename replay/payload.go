// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/machine"
)

// The payloads of the records, by their kind:
//
//	input     u8 kind, u8 unit, data to the end
//	answer    u8 query, i64 answer
//	warp      virtual ns at which the wait ended
//	hash      number of parts, u64 of each, console bytes, u64 console hash
//	mark      nothing
//	end       as hash, then the reason to the end
//	snapshot  the name to the end

// encode appends the record's payload to b.
func (r *Record) encode(b []byte) ([]byte, error) {
	le := binary.LittleEndian
	switch r.Kind {
	case KindInput:
		if err := checkInput(&r.Input); err != nil {
			return nil, err
		}
		b = append(b, byte(r.Input.Kind), r.Input.Unit)
		b = append(b, r.Input.Data...)
	case KindAnswer:
		b = append(b, byte(r.Query))
		b = le.AppendUint64(b, uint64(r.Answer))
	case KindWarp:
		b = binary.AppendUvarint(b, r.Until)
	case KindHash, KindEnd:
		if n := len(r.Hash.Parts); n > maxParts {
			return nil, fmt.Errorf("a state of %d parts does not fit in a recording: want at most %d", n, maxParts)
		}
		if r.Kind == KindHash && r.At.Sub != 0 {
			return nil, fmt.Errorf("a state hash at %v: want the canonical state of the count", r.At)
		}
		b = binary.AppendUvarint(b, uint64(len(r.Hash.Parts)))
		for _, p := range r.Hash.Parts {
			b = le.AppendUint64(b, p)
		}
		b = binary.AppendUvarint(b, r.Hash.ConsoleBytes)
		b = le.AppendUint64(b, r.Hash.ConsoleHash)
		if r.Kind == KindEnd {
			b = append(b, r.Reason[:min(len(r.Reason), maxReason)]...)
		}
	case KindMark:
	case KindSnapshot:
		if err := CheckName(r.Snapshot); err != nil {
			return nil, err
		}
		b = append(b, r.Snapshot...)
	default:
		return nil, fmt.Errorf("format version %d knows no %v", FormatVersion, r.Kind)
	}
	return b, nil
}

// checkInput refuses an input that does not fit in a record.
func checkInput(in *machine.Input) error {
	if n := len(in.Data); n > maxInputData {
		return fmt.Errorf("an input of %d bytes does not fit in a recording: want at most %d", n, maxInputData)
	}
	return nil
}

var errPayload = errors.New("its payload does not have the form of its kind")

// decode is the inverse of encode; Kind and At must be set.
func (r *Record) decode(payload []byte) error {
	d := decoder{b: payload}
	switch r.Kind {
	case KindInput:
		r.Input.Kind, r.Input.Unit = machine.InputKind(d.byte()), d.byte()
		if len(d.b) > maxInputData {
			return errPayload
		}
		r.Input.Data = d.rest()
	case KindAnswer:
		r.Query, r.Answer = machine.Query(d.byte()), int64(d.uint64())
	case KindWarp:
		r.Until = d.uvarint()
	case KindHash, KindEnd:
		r.Hash = d.stateHash()
		r.Hash.ICount = r.At.ICount
		if r.Kind == KindHash {
			d.failed = d.failed || r.At.Sub != 0
			break
		}
		if len(d.b) > maxReason {
			return errPayload
		}
		r.Reason = string(d.rest())
	case KindMark:
	case KindSnapshot:
		r.Snapshot = string(d.rest())
		if CheckName(r.Snapshot) != nil {
			return errPayload
		}
	default:
		return fmt.Errorf("format version %d knows no %v", FormatVersion, r.Kind)
	}
	if d.failed || len(d.b) != 0 {
		return errPayload
	}
	return nil
}

// decoder takes values off the front of b; once one is missing, all are zero.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) fail() { d.b, d.failed = nil, true }

// take returns the next n bytes, nil if there are not so many.
func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	p := d.b[:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) byte() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if p := d.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// sum returns the next uvarint added to base.
func (d *decoder) sum(base uint64) uint64 {
	v := base + d.uvarint()
	if v < base {
		d.fail()
	}
	return v
}

// rest returns a copy of what is left, nil if nothing is.
func (d *decoder) rest() []byte {
	p := append([]byte(nil), d.b...)
	d.b = nil
	return p
}

func (d *decoder) stateHash() (h StateHash) {
	n := d.uvarint()
	if n > maxParts {
		d.fail()
		return h
	}
	for range n {
		h.Parts = append(h.Parts, d.uint64())
	}
	h.ConsoleBytes = d.uvarint()
	h.ConsoleHash = d.uint64()
	return h
}

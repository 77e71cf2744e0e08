// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/vmrr/vmrr/machine"
)

var testID = ID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

func moment(icount uint64, sub uint32) machine.Moment {
	return machine.Moment{ICount: icount, Sub: sub}
}

// testRecords has every kind of record, and extreme values.
func testRecords() []Record {
	hash := StateHash{ICount: 5000, Parts: []uint64{0xdeadbeef12345678, 9}, ConsoleBytes: 77, ConsoleHash: 0xfedcba9876543210}
	final := hash
	final.ICount = 1<<64 - 1
	return []Record{
		{Kind: KindAnswer, At: moment(0, 0), Query: machine.QueryWallClock, Answer: -1700000000},
		{Kind: KindInput, At: moment(1000, 0), Input: machine.Input{Kind: machine.InputSerial, Unit: 3, Data: []byte("ls\n\x00\xff")}},
		{Kind: KindInput, At: moment(1000, 1), Input: machine.Input{Kind: machine.InputNMI}},
		{Kind: KindHash, At: moment(5000, 0), Hash: hash},
		{Kind: KindWarp, At: moment(5000, 7), Until: 1<<64 - 2},
		{Kind: KindMark, At: moment(1<<40, 2)},
		{Kind: KindInput, At: moment(1<<40, 1<<32-1), Input: machine.Input{Kind: machine.InputEnd}},
		{Kind: KindEnd, At: moment(1<<64-1, 4), Hash: final, Reason: "power off"},
	}
}

func encodeLog(t testing.TB, records []Record) []byte {
	t.Helper()
	b := encodeHeader(testID)
	for i := range records {
		payload, err := records[i].encode()
		if err != nil {
			t.Fatal(err)
		}
		b = appendFrame(b, testID, int64(len(b)), records[i].Kind, payload)
	}
	return b
}

func readLog(b []byte) ([]Record, error) {
	r, err := NewReader(bytes.NewReader(b), "log")
	if err != nil {
		return nil, err
	}
	var out []Record
	for {
		rec, err := r.Next()
		if err != nil {
			if again := func() error { _, err := r.Next(); return err }(); again != err {
				return out, errors.New("the error of Next is not final")
			}
			return out, err
		}
		out = append(out, rec)
	}
}

func TestLogRoundTrip(t *testing.T) {
	want := testRecords()
	got, err := readLog(encodeLog(t, want))
	if err != io.EOF {
		t.Errorf("reading a complete log ends with %v; want EOF", err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the records read are\n%+v; want\n%+v", got, want)
	}
	for i := range got {
		if got[i].Summary() == "" {
			t.Errorf("the summary of %+v is empty", got[i])
		}
	}
}

func TestLogCutAtEveryByte(t *testing.T) {
	all := testRecords()
	whole := encodeLog(t, all)
	for _, tail := range []int{0, 1, 9, 5000} { // zeros after the cut, as after a power cut
		for n := range whole {
			got, err := readLog(append(bytes.Clone(whole[:n]), make([]byte, tail)...))
			if n < headerSize && tail > 0 {
				if err == nil || err == io.EOF {
					t.Errorf("a header cut at byte %d and %d zeros: no error", n, tail)
				}
				continue
			}
			var cut *ErrTruncated
			if !errors.As(err, &cut) {
				t.Errorf("cut at byte %d, then %d zeros: error %v; want ErrTruncated", n, tail, err)
				continue
			}
			if len(got) > 0 && !reflect.DeepEqual(got, all[:len(got)]) || len(got) == len(all) {
				t.Errorf("cut at byte %d, then %d zeros: %d records that are not a proper prefix", n, tail, len(got))
			}
			if n >= headerSize && len(got) > 0 && cut.Last != all[len(got)-1].At {
				t.Errorf("cut at byte %d: good up to %v; want %v", n, cut.Last, all[len(got)-1].At)
			}
			if cut.Offset > int64(n) {
				t.Errorf("cut at byte %d: whole frames end at %d", n, cut.Offset)
			}
		}
	}
}

func TestLogEveryBitFlip(t *testing.T) {
	all := testRecords()
	whole := encodeLog(t, all)
	for i := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			got, err := readLog(b)
			var damaged *ErrDamaged
			if !errors.As(err, &damaged) {
				t.Errorf("byte %d bit %d flipped: error %v; want ErrDamaged", i, bit, err)
				continue
			}
			if damaged.File != "log" || damaged.Offset > int64(i) {
				t.Errorf("byte %d bit %d flipped: %v; want the frame at or before it", i, bit, err)
			}
			if len(got) > 0 && (!reflect.DeepEqual(got, all[:len(got)]) || damaged.Last != all[len(got)-1].At) {
				t.Errorf("byte %d bit %d flipped: %d records that are not a prefix, good up to %v", i, bit, len(got), damaged.Last)
			}
		}
	}
}

func TestLogRefusals(t *testing.T) {
	all := testRecords()
	whole := encodeLog(t, all)
	newer := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(newer[8:], FormatVersion+1)
	binary.LittleEndian.PutUint32(newer[28:], crc32.Checksum(newer[:28], castagnoli))
	frame := func(kind Kind, payload []byte) []byte {
		return appendFrame(encodeHeader(testID), testID, headerSize, kind, payload)
	}
	zeroed := bytes.Clone(whole)
	clear(zeroed[60:120])
	tests := []struct {
		name string
		log  []byte
		want any
	}{
		{"a newer version", newer, new(*ErrVersion)},
		{"no log at all", []byte("#!/bin/sh\n"), new(*ErrDamaged)},
		{"empty", nil, new(*ErrTruncated)},
		{"bytes after the end", append(bytes.Clone(whole), 0), new(*ErrDamaged)},
		{"a zeroed block", zeroed, new(*ErrDamaged)},
		{"a moment that goes back", encodeLog(t, []Record{all[2], all[1]}), new(*ErrDamaged)},
		{"an unknown kind", frame(99, []byte{1, 0}), new(*ErrDamaged)},
		{"an empty payload", frame(KindInput, nil), new(*ErrDamaged)},
		{"a payload with a rest", frame(KindMark, []byte{1, 0, 0}), new(*ErrDamaged)},
		{"a sub of 33 bits", frame(KindMark, []byte{1, 0x80, 0x80, 0x80, 0x80, 0x10}), new(*ErrDamaged)},
		{"a hash that is not canonical", frame(KindHash, append([]byte{1, 1}, make([]byte, 25)...)), new(*ErrDamaged)},
		{"an oversized frame", frame(KindInput, make([]byte, maxPayload+1)), new(*ErrDamaged)},
		{"an oversized input", frame(KindInput, make([]byte, maxInputData+10)), new(*ErrDamaged)},
		{"a frame from elsewhere", append(frame(KindMark, []byte{1, 0}), whole[headerSize:]...), new(*ErrDamaged)},
	}
	for _, test := range tests {
		if _, err := readLog(test.log); !errors.As(err, test.want) {
			t.Errorf("%s: error %v; want %T", test.name, err, test.want)
		}
	}
}

func TestTape(t *testing.T) {
	all := testRecords()
	path := filepath.Join(t.TempDir(), "log")
	whole := encodeLog(t, all)
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	tape, err := LoadTape(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(tape.Events()) != 5 || len(tape.Hashes()) != 1 || tape.ID() != testID {
		t.Errorf("the tape has %d events, %d hashes, id %v", len(tape.Events()), len(tape.Hashes()), tape.ID())
	}
	if e := tape.End(); e.At != moment(1<<64-1, 4) || e.Reason != "power off" || e.CutOff != nil {
		t.Errorf("the tape's end is %+v", e)
	}
	for _, test := range []struct {
		icount   uint64
		at, next bool
	}{{0, false, true}, {4999, false, true}, {5000, true, false}, {5001, false, false}} {
		_, at := tape.HashAt(test.icount)
		_, next := tape.NextHash(test.icount)
		if at != test.at || next != test.next {
			t.Errorf("HashAt(%d), NextHash = %v, %v; want %v, %v", test.icount, at, next, test.at, test.next)
		}
	}
	whole[len(whole)-1] ^= 1
	os.WriteFile(path, whole, 0o644)
	tape, err = LoadTape(path)
	var damaged *ErrDamaged
	if !errors.As(err, &damaged) || tape == nil || len(tape.Events()) != 5 || tape.End().At != moment(1<<40, 1<<32-1) {
		t.Errorf("LoadTape of a log with a damaged end = %+v, %v; want the good part and ErrDamaged", tape, err)
	}
}

func FuzzReader(f *testing.F) {
	whole := encodeLog(f, testRecords())
	f.Add(whole, false)
	f.Add(whole[:100], false)
	f.Add(whole[headerSize+frameHead:][:20], true)
	f.Fuzz(func(t *testing.T, b []byte, frame bool) {
		if frame && len(b) > 0 { // get past the checks
			b = appendFrame(encodeHeader(testID), testID, headerSize, Kind(b[0]%8), b[1:])
		}
		records, err := readLog(b)
		if err == nil {
			t.Fatal("reading ended without an error")
		}
		for i := range records {
			payload, err := records[i].encode()
			if err != nil {
				t.Fatalf("a record that was read cannot be written: %v", err)
			}
			again, err := decodeRecord(records[i].Kind, payload)
			if err != nil || !reflect.DeepEqual(again, records[i]) {
				t.Fatalf("record %+v became %+v, %v", records[i], again, err)
			}
		}
	})
}

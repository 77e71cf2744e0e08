// SPDX-License-Identifier: GPL-2.0-or-later

package framed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
)

var (
	testFormat = Format{Magic: "testfile", Version: 7}
	testID     = ID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
)

const testMax = 1000

// testFrames has payloads that are empty, end in zeros, and are as large as can be.
func testFrames() []Frame {
	frames := []Frame{
		{Kind: 1, Payload: []byte("first")},
		{Kind: 255, Payload: []byte{}},
		{Kind: 0, Payload: make([]byte, 9)},
		{Kind: 2, Payload: bytes.Repeat([]byte{0xA5}, testMax)},
		{Kind: 1, Payload: []byte("last\x00\x00")},
	}
	at := int64(HeaderSize)
	for i := range frames {
		frames[i].Offset = at
		at += int64(Overhead + len(frames[i].Payload))
	}
	return frames
}

func encode(frames []Frame) []byte {
	b := testFormat.Header(testID)
	for _, f := range frames {
		b = Append(b, testID, int64(len(b)), f.Kind, f.Payload)
	}
	return b
}

// readAll returns the frames of a file and what ended them.
func readAll(b []byte) ([]Frame, error) {
	r, err := NewReader(bytes.NewReader(b), "file", testFormat, testMax)
	if err != nil {
		return nil, err
	}
	var frames []Frame
	for {
		f, err := r.Next()
		if err != nil {
			if _, again := r.Next(); again != err {
				return frames, errors.New("the error of Next is not final")
			}
			return frames, err
		}
		frames = append(frames, f)
	}
}

// prefix reports whether got is the beginning of want.
func prefix(got, want []Frame) bool {
	return len(got) <= len(want) && (len(got) == 0 || reflect.DeepEqual(got, want[:len(got)]))
}

// end is the offset behind the last frame.
func end(frames []Frame) int64 {
	if len(frames) == 0 {
		return HeaderSize
	}
	last := frames[len(frames)-1]
	return last.Offset + int64(Overhead+len(last.Payload))
}

func TestRoundTrip(t *testing.T) {
	want := testFrames()
	b := encode(want)
	got, err := readAll(b)
	if err != io.EOF || !reflect.DeepEqual(got, want) {
		t.Errorf("reading what was written gives %v, error %v; want %v, EOF", got, err, want)
	}
	r, err := NewReader(bytes.NewReader(b), "file", testFormat, testMax)
	if err != nil || r.ID() != testID || r.Offset() != HeaderSize {
		t.Fatalf("the header reads as id %v, %d bytes, error %v; want %v, %d bytes", r.ID(), r.Offset(), err, testID, HeaderSize)
	}
	for _, f := range want {
		if _, err := r.Next(); err != nil || r.Offset() != f.Offset+int64(Overhead+len(f.Payload)) {
			t.Errorf("behind the frame at %d the reader is at %d, error %v", f.Offset, r.Offset(), err)
		}
		got, err := ReadAt(bytes.NewReader(b), "file", testID, f.Offset, testMax)
		if err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("ReadAt(%d) = %v, error %v; want %v", f.Offset, got, err, f)
		}
	}
	if got, want := testID.String(), "0102030405060708090a0b0c0d0e0f10"; got != want {
		t.Errorf("the id is shown as %s, want %s", got, want)
	}
}

func TestCutAtEveryByte(t *testing.T) {
	all := testFrames()
	whole := encode(all)
	for _, tail := range []int{0, 1, 7, 8, 9, 5000} { // zeros after the cut, as a power cut leaves them
		for n := range whole {
			got, err := readAll(append(bytes.Clone(whole[:n]), make([]byte, tail)...))
			if n < HeaderSize && tail > 0 {
				if err == nil || err == io.EOF {
					t.Errorf("a header cut at byte %d and %d zeros: error %v, want one", n, tail, err)
				}
				continue
			}
			if !prefix(got, all) {
				t.Fatalf("cut at byte %d, then %d zeros: %d frames that are not the first ones", n, tail, len(got))
			}
			if tail == 0 && n >= HeaderSize && int64(n) == end(got) {
				if err != io.EOF {
					t.Errorf("cut at byte %d, behind a frame: error %v, want EOF", n, err)
				}
				continue
			}
			var cut *badfile.CutOffError
			if !errors.As(err, &cut) {
				t.Errorf("cut at byte %d, then %d zeros: error %v; want CutOffError", n, tail, err)
				continue
			}
			if want := end(got); n >= HeaderSize && (cut.Offset != want || cut.File != "file") {
				t.Errorf("cut at byte %d, then %d zeros: %v; want it cut off at byte %d", n, tail, err, want)
			}
			if tail == 0 && n >= HeaderSize && n < len(whole) && end(all[:len(got)+1]) <= int64(n) {
				t.Errorf("cut at byte %d: only %d frames", n, len(got))
			}
		}
	}
}

func TestEveryBitFlip(t *testing.T) {
	all := testFrames()
	whole := encode(all)
	for i := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			got, err := readAll(b)
			var damaged *badfile.DamagedError
			if !errors.As(err, &damaged) || !prefix(got, all) {
				t.Errorf("byte %d bit %d flipped: %d frames, error %v; want the first ones and badfile.DamagedError", i, bit, len(got), err)
				continue
			}
			// The frame that has the byte is the one that is damaged.
			if damaged.File != "file" || i >= HeaderSize && (damaged.Offset > int64(i) || end(all[:len(got)+1]) <= int64(i)) {
				t.Errorf("byte %d bit %d flipped: %v, want the frame with that byte", i, bit, err)
			}
			for _, f := range all {
				got, err := ReadAt(bytes.NewReader(b), "file", testID, f.Offset, testMax)
				inside := int64(i) >= f.Offset && int64(i) < f.Offset+int64(Overhead+len(f.Payload))
				if inside != errors.As(err, &damaged) || !inside && !reflect.DeepEqual(got, f) {
					t.Errorf("byte %d bit %d flipped: ReadAt(%d) = %v, error %v", i, bit, f.Offset, got, err)
				}
			}
		}
	}
}

func TestEveryZeroedBlock(t *testing.T) {
	all := testFrames()
	whole := encode(all)
	for _, size := range []int{1, 16, 100, 600} {
		for i := 0; i+size < len(whole); i++ {
			b := bytes.Clone(whole)
			clear(b[i : i+size])
			got, err := readAll(b)
			if bytes.Equal(b, whole) {
				continue
			}
			var damaged *badfile.DamagedError
			if !prefix(got, all) || !errors.As(err, &damaged) {
				t.Errorf("bytes %d to %d zeroed: %d frames, error %v; want the first ones and badfile.DamagedError", i, i+size, len(got), err)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	whole := encode(testFrames())
	version := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(version[8:], 8)
	binary.LittleEndian.PutUint32(version[28:], crc32.Checksum(version[:28], castagnoli))
	first := func(b []byte) []byte { return append(testFormat.Header(testID), b...) }
	elsewhere := Append(nil, testID, HeaderSize+Overhead, 1, []byte("x"))
	stranger := Append(nil, ID{9}, HeaderSize, 1, []byte("x"))
	large := Append(nil, testID, HeaderSize, 1, make([]byte, testMax+1))
	tests := []struct {
		name string
		file []byte
		want any
		says string
	}{
		{"another version", version, new(*badfile.VersionError), "file is of format version 8, this vmrr reads version 7"},
		{"another kind of file", []byte("#!/bin/sh\n"), new(*badfile.DamagedError), "it begins with \"#!/bin/s\""},
		{"empty", nil, new(*badfile.CutOffError), "file is cut off at byte 0"},
		{"zeros", make([]byte, 4096), new(*badfile.DamagedError), "it begins with"},
		{"a frame from elsewhere in the file", first(elsewhere), new(*badfile.DamagedError), "damaged at byte 32"},
		{"a frame of another file", first(stranger), new(*badfile.DamagedError), "damaged at byte 32"},
		{"a frame left out", append(testFormat.Header(testID), whole[HeaderSize+Overhead+5:]...), new(*badfile.DamagedError), "damaged at byte 32"},
		{"a frame twice", append(bytes.Clone(whole[:HeaderSize+Overhead+5]), whole[HeaderSize:]...), new(*badfile.DamagedError), "damaged at byte 50"},
		{"a frame that is too large", first(large), new(*badfile.DamagedError), "a frame has 1001 bytes, the most is 1000"},
	}
	for _, test := range tests {
		got, err := readAll(test.file)
		if !errors.As(err, test.want) || !strings.Contains(err.Error(), test.says) || !prefix(got, testFrames()) {
			t.Errorf("%s: %d frames, error %v; want %T saying %q", test.name, len(got), err, test.want, test.says)
		}
	}
}

func TestReadAtElsewhere(t *testing.T) {
	frames := testFrames()
	whole := encode(frames)
	starts := map[int64]bool{}
	for _, f := range frames {
		starts[f.Offset] = true
	}
	for at := range int64(len(whole) + 10) {
		_, err := ReadAt(bytes.NewReader(whole), "file", testID, at, testMax)
		var damaged *badfile.DamagedError
		if starts[at] != (err == nil) || err != nil && !errors.As(err, &damaged) {
			t.Errorf("ReadAt(%d) = error %v; want DamagedError where no frame begins", at, err)
		}
	}
	if _, err := ReadAt(bytes.NewReader(whole), "file", ID{}, HeaderSize, testMax); err == nil {
		t.Error("ReadAt of a file with another id has no error")
	}
	if _, err := ReadAt(bytes.NewReader(whole), "file", testID, frames[3].Offset, testMax-1); err == nil {
		t.Error("ReadAt of a frame above the limit has no error")
	}
	for n := HeaderSize; n < len(whole); n++ { // a file that was cut off after the pass
		last := frames[len(frames)-1].Offset
		var damaged *badfile.DamagedError
		if _, err := ReadAt(bytes.NewReader(whole[:n]), "file", testID, last, testMax); !errors.As(err, &damaged) || damaged.Offset != last {
			t.Errorf("ReadAt(%d) of %d bytes = error %v; want DamagedError there", last, n, err)
		}
	}
}

// brokenDisk fails behind the first good bytes.
type brokenDisk struct {
	b    []byte
	good int
}

var errBroken = errors.New("input/output error")

func (d *brokenDisk) ReadAt(p []byte, off int64) (int, error) {
	if int(off)+len(p) > d.good {
		return 0, errBroken
	}
	return copy(p, d.b[off:]), nil
}

// A disk that cannot be read says nothing about what is on it.
func TestReadErrors(t *testing.T) {
	whole := encode(testFrames())
	for good := range len(whole) {
		d := &brokenDisk{whole, good}
		r, err := NewReader(io.NewSectionReader(d, 0, int64(len(whole))), "file", testFormat, testMax)
		for err == nil {
			_, err = r.Next()
		}
		if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "file") {
			t.Errorf("a disk that fails at byte %d: error %v; want its own, with the file", good, err)
		}
		_, err = ReadAt(d, "file", testID, HeaderSize, testMax)
		if broken := good < HeaderSize+Overhead+5; errors.Is(err, errBroken) != broken {
			t.Errorf("ReadAt(%d) of a disk that fails at byte %d: error %v; want its own: %v", HeaderSize, good, err, broken)
		}
	}
}

func TestAppendRefusesWhatALengthCannotSay(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Errorf("Append of %d bytes does not panic", MaxPayload+1)
		}
	}()
	Append(nil, testID, HeaderSize, 1, make([]byte, MaxPayload+1))
}

// FuzzReader reads any bytes, as a whole file or behind a good header; what can be
// read must be what Append writes.
func FuzzReader(f *testing.F) {
	whole := encode(testFrames())
	f.Add(whole, false)
	f.Add(whole[:HeaderSize+40], false)
	f.Add(whole[HeaderSize:], true)
	f.Add(make([]byte, 20), true)
	f.Fuzz(func(t *testing.T, b []byte, header bool) {
		if header {
			b = append(testFormat.Header(testID), b...)
		}
		r, err := NewReader(bytes.NewReader(b), "file", testFormat, testMax)
		for err == nil {
			at := r.Offset()
			var frame Frame
			if frame, err = r.Next(); err != nil {
				break
			}
			if again := Append(nil, r.ID(), at, frame.Kind, frame.Payload); !bytes.Equal(again, b[at:r.Offset()]) {
				t.Fatalf("the frame at %d reads as %v, which is written as % x", at, frame, again)
			}
			if other, err := ReadAt(bytes.NewReader(b), "file", r.ID(), at, testMax); err != nil || !reflect.DeepEqual(other, frame) {
				t.Fatalf("ReadAt(%d) = %v, error %v; Next gave %v", at, other, err, frame)
			}
		}
		var damaged *badfile.DamagedError
		var cut *badfile.CutOffError
		var version *badfile.VersionError
		if err != io.EOF && !errors.As(err, &damaged) && !errors.As(err, &cut) && !errors.As(err, &version) {
			t.Fatalf("reading ends with %v", err)
		}
	})
}

module github.com/vmrr/vmrr

go 1.26.0

require (
	github.com/dustin/go-humanize v1.0.1 // indirect
	github.com/pierrec/lz4/v4 v4.1.22 // indirect
	github.com/u-root/uio v0.0.0-20240224005618-d2acac8f3701 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

require (
	// xxHash64: the checksum of snapshot files.
	github.com/cespare/xxhash/v2 v2.3.0
	// zstd: kernels packed with it, and snapshot files.
	github.com/klauspost/compress v1.20.3
	// Command lines with GNU-style long options.
	github.com/spf13/pflag v1.0.10
	// xz with the x86 branch filter, which Debian's amd64 kernels are packed with.
	github.com/therootcompany/xz v1.0.1
	// cpio: writes the test guest's initrd reproducibly.
	github.com/u-root/u-root v0.16.0
)

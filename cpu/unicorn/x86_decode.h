/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Encodings that are #UD, SDM vol. 2, but that the library's decoder takes and
 * translates to the use of a value that nothing has computed: that of an earlier
 * instruction of the block, or none, and then its code generator aborts the
 * process. The decoder is made to read other bytes, which it knows are undefined.
 *
 *	CALL and JMP far through a register (FF /3, FF /5)	read as FF /7
 *	LOCK CMP with memory (38, 39, 80 /7 to 83 /7)		as with a register
 *	LOCK CMPS (A6, A7)					as LOCK CMP AL (3C)
 */

ORIGINAL(uint32_t, cpu_ldub_code, void *, uint64_t)

static __thread struct {
	enum { AT_OPCODE, AT_MODRM, BEHIND } at;
	bool lock;
	uint8_t opcode;
} decoding;

/* An instruction begins; x86_flags.h says when. */
static void decode_start(void)
{
	decoding.at = AT_OPCODE;
	decoding.lock = false;
	decoding.opcode = 0;
}

static bool is_prefix(const struct x86_env *x, uint32_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64 ... 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	}
	return (byte & 0xf0) == 0x40 && (x->hflags & HF_CS64); /* REX */
}

/* The byte behind the opcode: is it the ModRM of an encoding that must not be? */
static uint32_t mend_modrm(uint32_t byte)
{
	int reg = byte >> 3 & 7;
	bool through_register = byte >> 6 == 3;
	if (decoding.opcode == 0xff)
		return through_register && (reg == 3 || reg == 5) ? byte | 0x38 : byte;
	bool cmp = (decoding.opcode & 0xfe) == 0x38 || ((decoding.opcode & 0xfc) == 0x80 && reg == 7);
	return decoding.lock && cmp ? byte | 0xc0 : byte;
}

/* The decoder reads an instruction byte by byte up to its ModRM. */
uint32_t T(cpu_ldub_code)(void *env, uint64_t linear)
{
	uint32_t byte = real_cpu_ldub_code(env, linear);
	if (!translating || decoding.at == BEHIND)
		return byte;
	if (decoding.at == AT_MODRM) {
		decoding.at = BEHIND;
		return mend_modrm(byte);
	}
	if (is_prefix(env, byte)) {
		decoding.lock |= byte == 0xf0;
		return byte;
	}
	decoding.at = AT_MODRM;
	decoding.opcode = byte;
	return decoding.lock && (byte & 0xfe) == 0xa6 ? 0x3c : byte;
}

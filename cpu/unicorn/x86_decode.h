/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Encodings that the library's decoder takes and should not.
 *
 * CALL and JMP far through a register (FF /3 and FF /5 with mod 3) are #UD, SDM
 * vol. 2. The library translates them to a load from an address that it has not
 * computed: that of an earlier instruction of the block, or none, and then its
 * code generator aborts the process. The decoder is made to read FF /7 instead,
 * which is undefined too.
 */

ORIGINAL(void, tcg_gen_op2, void *, int, uint64_t, uint64_t)
ORIGINAL(uint32_t, cpu_ldub_code, void *, uint64_t)

static __thread enum { AT_OPCODE, AT_MODRM, BEHIND } decoding;

/* The translator marks the start of each instruction by an op. */
void T(tcg_gen_op2)(void *ctx, int opcode, uint64_t a, uint64_t b)
{
	if (opcode == OP_INSN_START)
		decoding = AT_OPCODE;
	real_tcg_gen_op2(ctx, opcode, a, b);
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

/* The decoder reads an instruction byte by byte up to its ModRM. */
uint32_t T(cpu_ldub_code)(void *env, uint64_t linear)
{
	uint32_t byte = real_cpu_ldub_code(env, linear);
	if (!translating || decoding == BEHIND)
		return byte;
	if (decoding == AT_MODRM) {
		int reg = byte >> 3 & 7;
		decoding = BEHIND;
		return byte >> 6 == 3 && (reg == 3 || reg == 5) ? byte | 0x38 : byte;
	}
	if (!is_prefix(env, byte))
		decoding = byte == 0xff ? AT_MODRM : BEHIND;
	return byte;
}

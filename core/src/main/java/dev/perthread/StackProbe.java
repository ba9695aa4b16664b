package dev.perthread;

/**
 * Makes a stack overflow come now, before anything has changed, or not before the caller is done.
 *
 * <p>A lock that was taken, a permit that was counted, a value that was taken out: each must be given back, and that takes
 * stack, too. So each operation that changes more than one field calls {@link #touch} first. If that returns, all that
 * the library does below the frame of its caller has the stack it needs; user code that it calls may overflow, and what
 * the library does about that has its stack again. See docs/internals/concurrency.md.
 */
final class StackProbe {
    private StackProbe() {}

    /**
     * Needs more stack than any operation of the library below the caller's frame, user code aside: some 8 kB, or twice
     * that in the interpreter. Costs a few nanoseconds once it is compiled, and no memory.
     *
     * @throws StackOverflowError if there is less left
     */
    static void touch() {
        touch(true);
    }

    // HotSpot checks at the entry of a method that there is stack for its whole frame as the interpreter would lay it
    // out, in compiled code as well, because that may have to go back to the interpreter. Compiled, these 512
    // variables take neither stack nor time. Two things keep the check from being optimized away: a method with so
    // many instructions is not inlined, and one that calls another is not exempt from it.
    @SuppressWarnings({"unused", "UnusedVariable"})
    private static void touch(boolean again) {
        // spotless:off
        long a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0, a7 = 0, a8 = 0, a9 = 0, aA = 0, aB = 0, aC = 0, aD = 0, aE = 0, aF = 0;
        long b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0, b7 = 0, b8 = 0, b9 = 0, bA = 0, bB = 0, bC = 0, bD = 0, bE = 0, bF = 0;
        long c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0, c8 = 0, c9 = 0, cA = 0, cB = 0, cC = 0, cD = 0, cE = 0, cF = 0;
        long d0 = 0, d1 = 0, d2 = 0, d3 = 0, d4 = 0, d5 = 0, d6 = 0, d7 = 0, d8 = 0, d9 = 0, dA = 0, dB = 0, dC = 0, dD = 0, dE = 0, dF = 0;
        long e0 = 0, e1 = 0, e2 = 0, e3 = 0, e4 = 0, e5 = 0, e6 = 0, e7 = 0, e8 = 0, e9 = 0, eA = 0, eB = 0, eC = 0, eD = 0, eE = 0, eF = 0;
        long f0 = 0, f1 = 0, f2 = 0, f3 = 0, f4 = 0, f5 = 0, f6 = 0, f7 = 0, f8 = 0, f9 = 0, fA = 0, fB = 0, fC = 0, fD = 0, fE = 0, fF = 0;
        long g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0, g8 = 0, g9 = 0, gA = 0, gB = 0, gC = 0, gD = 0, gE = 0, gF = 0;
        long h0 = 0, h1 = 0, h2 = 0, h3 = 0, h4 = 0, h5 = 0, h6 = 0, h7 = 0, h8 = 0, h9 = 0, hA = 0, hB = 0, hC = 0, hD = 0, hE = 0, hF = 0;
        long i0 = 0, i1 = 0, i2 = 0, i3 = 0, i4 = 0, i5 = 0, i6 = 0, i7 = 0, i8 = 0, i9 = 0, iA = 0, iB = 0, iC = 0, iD = 0, iE = 0, iF = 0;
        long j0 = 0, j1 = 0, j2 = 0, j3 = 0, j4 = 0, j5 = 0, j6 = 0, j7 = 0, j8 = 0, j9 = 0, jA = 0, jB = 0, jC = 0, jD = 0, jE = 0, jF = 0;
        long k0 = 0, k1 = 0, k2 = 0, k3 = 0, k4 = 0, k5 = 0, k6 = 0, k7 = 0, k8 = 0, k9 = 0, kA = 0, kB = 0, kC = 0, kD = 0, kE = 0, kF = 0;
        long l0 = 0, l1 = 0, l2 = 0, l3 = 0, l4 = 0, l5 = 0, l6 = 0, l7 = 0, l8 = 0, l9 = 0, lA = 0, lB = 0, lC = 0, lD = 0, lE = 0, lF = 0;
        long m0 = 0, m1 = 0, m2 = 0, m3 = 0, m4 = 0, m5 = 0, m6 = 0, m7 = 0, m8 = 0, m9 = 0, mA = 0, mB = 0, mC = 0, mD = 0, mE = 0, mF = 0;
        long n0 = 0, n1 = 0, n2 = 0, n3 = 0, n4 = 0, n5 = 0, n6 = 0, n7 = 0, n8 = 0, n9 = 0, nA = 0, nB = 0, nC = 0, nD = 0, nE = 0, nF = 0;
        long o0 = 0, o1 = 0, o2 = 0, o3 = 0, o4 = 0, o5 = 0, o6 = 0, o7 = 0, o8 = 0, o9 = 0, oA = 0, oB = 0, oC = 0, oD = 0, oE = 0, oF = 0;
        long p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0, p8 = 0, p9 = 0, pA = 0, pB = 0, pC = 0, pD = 0, pE = 0, pF = 0;
        long q0 = 0, q1 = 0, q2 = 0, q3 = 0, q4 = 0, q5 = 0, q6 = 0, q7 = 0, q8 = 0, q9 = 0, qA = 0, qB = 0, qC = 0, qD = 0, qE = 0, qF = 0;
        long r0 = 0, r1 = 0, r2 = 0, r3 = 0, r4 = 0, r5 = 0, r6 = 0, r7 = 0, r8 = 0, r9 = 0, rA = 0, rB = 0, rC = 0, rD = 0, rE = 0, rF = 0;
        long s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0, s8 = 0, s9 = 0, sA = 0, sB = 0, sC = 0, sD = 0, sE = 0, sF = 0;
        long t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0, t8 = 0, t9 = 0, tA = 0, tB = 0, tC = 0, tD = 0, tE = 0, tF = 0;
        long u0 = 0, u1 = 0, u2 = 0, u3 = 0, u4 = 0, u5 = 0, u6 = 0, u7 = 0, u8 = 0, u9 = 0, uA = 0, uB = 0, uC = 0, uD = 0, uE = 0, uF = 0;
        long v0 = 0, v1 = 0, v2 = 0, v3 = 0, v4 = 0, v5 = 0, v6 = 0, v7 = 0, v8 = 0, v9 = 0, vA = 0, vB = 0, vC = 0, vD = 0, vE = 0, vF = 0;
        long w0 = 0, w1 = 0, w2 = 0, w3 = 0, w4 = 0, w5 = 0, w6 = 0, w7 = 0, w8 = 0, w9 = 0, wA = 0, wB = 0, wC = 0, wD = 0, wE = 0, wF = 0;
        long x0 = 0, x1 = 0, x2 = 0, x3 = 0, x4 = 0, x5 = 0, x6 = 0, x7 = 0, x8 = 0, x9 = 0, xA = 0, xB = 0, xC = 0, xD = 0, xE = 0, xF = 0;
        long y0 = 0, y1 = 0, y2 = 0, y3 = 0, y4 = 0, y5 = 0, y6 = 0, y7 = 0, y8 = 0, y9 = 0, yA = 0, yB = 0, yC = 0, yD = 0, yE = 0, yF = 0;
        long z0 = 0, z1 = 0, z2 = 0, z3 = 0, z4 = 0, z5 = 0, z6 = 0, z7 = 0, z8 = 0, z9 = 0, zA = 0, zB = 0, zC = 0, zD = 0, zE = 0, zF = 0;
        long A0 = 0, A1 = 0, A2 = 0, A3 = 0, A4 = 0, A5 = 0, A6 = 0, A7 = 0, A8 = 0, A9 = 0, AA = 0, AB = 0, AC = 0, AD = 0, AE = 0, AF = 0;
        long B0 = 0, B1 = 0, B2 = 0, B3 = 0, B4 = 0, B5 = 0, B6 = 0, B7 = 0, B8 = 0, B9 = 0, BA = 0, BB = 0, BC = 0, BD = 0, BE = 0, BF = 0;
        long C0 = 0, C1 = 0, C2 = 0, C3 = 0, C4 = 0, C5 = 0, C6 = 0, C7 = 0, C8 = 0, C9 = 0, CA = 0, CB = 0, CC = 0, CD = 0, CE = 0, CF = 0;
        long D0 = 0, D1 = 0, D2 = 0, D3 = 0, D4 = 0, D5 = 0, D6 = 0, D7 = 0, D8 = 0, D9 = 0, DA = 0, DB = 0, DC = 0, DD = 0, DE = 0, DF = 0;
        long E0 = 0, E1 = 0, E2 = 0, E3 = 0, E4 = 0, E5 = 0, E6 = 0, E7 = 0, E8 = 0, E9 = 0, EA = 0, EB = 0, EC = 0, ED = 0, EE = 0, EF = 0;
        long F0 = 0, F1 = 0, F2 = 0, F3 = 0, F4 = 0, F5 = 0, F6 = 0, F7 = 0, F8 = 0, F9 = 0, FA = 0, FB = 0, FC = 0, FD = 0, FE = 0, FF = 0;
        // spotless:on
        if (again) {
            touch(false);
        }
    }

    /**
     * The same for what a lock of the library is held for: half as much, so that it does not fail where {@link #touch} has
     * passed a few frames above.
     *
     * @throws StackOverflowError if there is less left
     */
    static void touchForLock() {
        touchForLock(true);
    }

    @SuppressWarnings({"unused", "UnusedVariable"})
    private static void touchForLock(boolean again) {
        // spotless:off
        long a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0, a7 = 0, a8 = 0, a9 = 0, aA = 0, aB = 0, aC = 0, aD = 0, aE = 0, aF = 0;
        long b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0, b7 = 0, b8 = 0, b9 = 0, bA = 0, bB = 0, bC = 0, bD = 0, bE = 0, bF = 0;
        long c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0, c8 = 0, c9 = 0, cA = 0, cB = 0, cC = 0, cD = 0, cE = 0, cF = 0;
        long d0 = 0, d1 = 0, d2 = 0, d3 = 0, d4 = 0, d5 = 0, d6 = 0, d7 = 0, d8 = 0, d9 = 0, dA = 0, dB = 0, dC = 0, dD = 0, dE = 0, dF = 0;
        long e0 = 0, e1 = 0, e2 = 0, e3 = 0, e4 = 0, e5 = 0, e6 = 0, e7 = 0, e8 = 0, e9 = 0, eA = 0, eB = 0, eC = 0, eD = 0, eE = 0, eF = 0;
        long f0 = 0, f1 = 0, f2 = 0, f3 = 0, f4 = 0, f5 = 0, f6 = 0, f7 = 0, f8 = 0, f9 = 0, fA = 0, fB = 0, fC = 0, fD = 0, fE = 0, fF = 0;
        long g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0, g8 = 0, g9 = 0, gA = 0, gB = 0, gC = 0, gD = 0, gE = 0, gF = 0;
        long h0 = 0, h1 = 0, h2 = 0, h3 = 0, h4 = 0, h5 = 0, h6 = 0, h7 = 0, h8 = 0, h9 = 0, hA = 0, hB = 0, hC = 0, hD = 0, hE = 0, hF = 0;
        long i0 = 0, i1 = 0, i2 = 0, i3 = 0, i4 = 0, i5 = 0, i6 = 0, i7 = 0, i8 = 0, i9 = 0, iA = 0, iB = 0, iC = 0, iD = 0, iE = 0, iF = 0;
        long j0 = 0, j1 = 0, j2 = 0, j3 = 0, j4 = 0, j5 = 0, j6 = 0, j7 = 0, j8 = 0, j9 = 0, jA = 0, jB = 0, jC = 0, jD = 0, jE = 0, jF = 0;
        long k0 = 0, k1 = 0, k2 = 0, k3 = 0, k4 = 0, k5 = 0, k6 = 0, k7 = 0, k8 = 0, k9 = 0, kA = 0, kB = 0, kC = 0, kD = 0, kE = 0, kF = 0;
        long l0 = 0, l1 = 0, l2 = 0, l3 = 0, l4 = 0, l5 = 0, l6 = 0, l7 = 0, l8 = 0, l9 = 0, lA = 0, lB = 0, lC = 0, lD = 0, lE = 0, lF = 0;
        long m0 = 0, m1 = 0, m2 = 0, m3 = 0, m4 = 0, m5 = 0, m6 = 0, m7 = 0, m8 = 0, m9 = 0, mA = 0, mB = 0, mC = 0, mD = 0, mE = 0, mF = 0;
        long n0 = 0, n1 = 0, n2 = 0, n3 = 0, n4 = 0, n5 = 0, n6 = 0, n7 = 0, n8 = 0, n9 = 0, nA = 0, nB = 0, nC = 0, nD = 0, nE = 0, nF = 0;
        long o0 = 0, o1 = 0, o2 = 0, o3 = 0, o4 = 0, o5 = 0, o6 = 0, o7 = 0, o8 = 0, o9 = 0, oA = 0, oB = 0, oC = 0, oD = 0, oE = 0, oF = 0;
        long p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0, p8 = 0, p9 = 0, pA = 0, pB = 0, pC = 0, pD = 0, pE = 0, pF = 0;
        // spotless:on
        if (again) {
            touchForLock(false);
        }
    }
}

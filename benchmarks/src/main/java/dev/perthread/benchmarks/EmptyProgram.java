package dev.perthread.benchmarks;

/** What any Java program takes to start and to end. */
public final class EmptyProgram {
    private EmptyProgram() {}

    /** Does nothing. */
    public static void main(String[] args) {}
}

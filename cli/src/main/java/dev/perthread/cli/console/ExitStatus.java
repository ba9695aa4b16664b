package dev.perthread.cli.console;

/** The exit statuses of the command. */
public final class ExitStatus {
    /** All went well. */
    public static final int OK = 0;

    /** Something failed while it ran. */
    public static final int FAILED = 1;

    /** The command line is wrong. */
    public static final int USAGE = 2;

    /** The number of the signal that ended it is added to this, as shells do. */
    public static final int SIGNAL = 128;

    private ExitStatus() {}
}

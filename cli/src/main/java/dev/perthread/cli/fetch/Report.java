package dev.perthread.cli.fetch;

/**
 * How a fetch run is reported: as lines, or as JSON. Outcomes come from many threads at once, the summary once and
 * last.
 */
interface Report {
    /** Something about the run that is no result. */
    void note(String text);

    /** False if nobody can read it any more. */
    boolean outcome(Outcome outcome);

    /** False if nobody can read it any more. */
    boolean summary(Summary summary);
}

package dev.perthread.spring.boot;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says in words why an application with a bad connection string did not start. */
final class InvalidConnectionFailureAnalyzer extends AbstractFailureAnalyzer<InvalidConnectionException> {
    InvalidConnectionFailureAnalyzer() {}

    @Override
    protected FailureAnalysis analyze(Throwable root, InvalidConnectionException cause) {
        return new FailureAnalysis(cause.getMessage(), "Correct the property " + cause.property() + ".", cause);
    }
}

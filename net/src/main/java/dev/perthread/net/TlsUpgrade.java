package dev.perthread.net;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;

/**
 * The TLS handshake: the upgrade from a plain transport to an encrypted one, and the reasons why there may be none.
 *
 * <p>For all connections to one place.
 *
 * @param target for messages
 * @param engines makes a new one, in client mode and with all options, each time
 */
record TlsUpgrade(String target, Supplier<SSLEngine> engines) implements ConnectionUpgrade {
    private static final String ALERT = "eceived fatal alert: "; // the runtime has it with a capital letter and without

    @Override
    public Transport apply(Transport below, Deadline deadline) throws IOException {
        if (!(below instanceof SocketTransport channel)) {
            throw new IllegalArgumentException("TLS needs a socket: " + below);
        }
        TlsTransport encrypted = new TlsTransport(channel, engines.get());
        String context = "cannot connect to " + target + ": ";
        try {
            encrypted.handshake(deadline);
            return encrypted;
        } catch (SSLException failure) {
            encrypted.alert(); // the engine has something to say to the server about it; the channel is the caller's
            String message = context + why(failure);
            Throwable cause = Messages.withoutForeignText(failure);
            throw failure instanceof SSLHandshakeException
                    ? with(cause, new SSLHandshakeException(message))
                    : with(cause, new SSLException(message));
        } catch (SocketTimeoutException late) {
            throw with(late, new SocketTimeoutException(context + "the TLS handshake did not end within " + deadline));
        } catch (EOFException end) {
            throw with(
                    end,
                    new SSLHandshakeException(
                            context + "the server closed the connection in the middle of the TLS handshake"));
        }
    }

    private static <T extends Throwable> T with(Throwable cause, T failure) {
        failure.initCause(cause);
        return failure;
    }

    /** The same failure with a message that is fit to read. */
    static SSLException clear(SSLException failure) {
        String given = String.valueOf(failure.getMessage());
        String words = alertInWords(Messages.shown(given, Messages.LONGEST_SHOWN));
        Throwable cause = Messages.withoutForeignText(failure);
        if (words.equals(given) && cause == failure) {
            return failure;
        }
        SSLException clear =
                failure instanceof SSLHandshakeException ? new SSLHandshakeException(words) : new SSLException(words);
        return with(cause, clear);
    }

    private static String why(SSLException failure) {
        DiagnosingTrustManager.Refused refused =
                DiagnosingTrustManager.cause(failure, DiagnosingTrustManager.Refused.class);
        if (refused != null) {
            return String.valueOf(refused.getMessage());
        }
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String words =
                Messages.shown(String.valueOf(root.getMessage()), Messages.LONGEST_SHOWN); // it may quote the server
        if (words.contains("nrecognized SSL message")) { // the runtime has two ways to say it
            return "the server does not speak TLS there";
        }
        return "the TLS handshake failed: " + alertInWords(words);
    }

    /** An alert of the peer is named by the Java runtime by its name in the RFC. */
    static String alertInWords(String words) {
        int at = words.indexOf(ALERT);
        if (at < 0) {
            return words;
        }
        String alert = words.substring(at + ALERT.length());
        return switch (alert) {
            case "certificate_required" ->
                "the server wants a certificate of this side, and none was given or none fits (certificate_required)";
            case "bad_certificate", "unknown_ca", "certificate_unknown", "certificate_expired", "access_denied" ->
                "the server refuses this side's certificate, or that there is none (" + alert + ")";
            case "handshake_failure" ->
                "the server refuses: there is no cipher in common, or it wants a certificate of this side (" + alert
                        + ")";
            case "protocol_version" -> "the server speaks neither of the TLS versions allowed here (" + alert + ")";
            case "no_application_protocol" -> "the server knows none of the ALPN protocols (" + alert + ")";
            case "unrecognized_name" -> "the server does not know this server name (" + alert + ")";
            default -> "the server refuses (" + alert + ")";
        };
    }
}

package dev.perthread.net.soak;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.Stream;

/**
 * The protocol of the soak: every answer can be told from every other, so a foreign or stale one is seen at once. A
 * question carries a token that is never used again, and says how the server is to answer. The answer repeats the token
 * and is filled with bytes that follow from it.
 */
record Request(long token, Manner manner, int length, int millis) {
    static final int BYTES = Long.BYTES + 1 + 2 * Integer.BYTES;
    static final int HEAD = 2 * Integer.BYTES + Long.BYTES;

    private static final int ANSWER = 0x414E5357;
    private static final int UNASKED = 0x554E4153;
    private static final int GARBAGE = 0x67617262;
    private static final AtomicLong TOKENS = new AtomicLong();

    private static final AtomicReferenceArray<String> ASKED = new AtomicReferenceArray<>(1 << 14); // the last ones

    /** What the server does with a question. */
    enum Manner {
        ANSWER,
        /** Answers in small pieces. */
        DRIP,
        /** Answers after a while, mostly too late. */
        LATE,
        /** Sends half an answer and shuts its output down, but goes on reading. */
        HALF_CLOSE,
        /** Sends half an answer and closes. */
        CLOSE,
        /** Sends half an answer and resets. */
        RESET,
        /** Sends something that is no answer. */
        GARBAGE,
        /** Answers, and sends something more that nobody asked for. */
        UNASKED,
        /** TLS: sends half an answer; what follows is changed by somebody in between, who then ends the stream. */
        TAMPER,
        /** TLS: sends half an answer and ends the stream without the end that TLS has. */
        SEVER,
        /** TLS: sends half an answer, then key updates (1.2: new handshakes) without end, and reads nothing. */
        KEY_UPDATES,
        /** TLS: answers, and asks for a new handshake (1.3: a key update) while nobody reads. */
        NEW_HANDSHAKE;

        boolean isOfTls() {
            return compareTo(TAMPER) >= 0;
        }

        /** Whether no more than half an answer can be had, and no end either. */
        boolean breaksTheStream() {
            return this == TAMPER || this == SEVER;
        }

        private byte letter() {
            return (byte) name().charAt(0);
        }

        private static Manner of(byte letter) {
            return Stream.of(values())
                    .filter(manner -> manner.letter() == letter)
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** What a wrong answer is: another's, an old one, or none that was ever sent. */
    static final class WrongAnswer extends RuntimeException {
        private static final long serialVersionUID = 1L;

        WrongAnswer(String what) {
            super(what);
        }
    }

    static Request ask(Manner manner, int length, int millis) {
        return new Request(TOKENS.incrementAndGet(), manner, length, millis);
    }

    /** Remembers where it was asked, for who gets its answer in the place of his own. */
    void askedOn(Object where) {
        ASKED.set((int) (token % ASKED.length()), this + " was asked on " + where);
    }

    /** Else they would count as memory that is left over. */
    static void forgetAsked() {
        for (int i = 0; i < ASKED.length(); i++) {
            ASKED.set(i, null);
        }
    }

    byte[] toBytes() {
        return ByteBuffer.allocate(BYTES)
                .putLong(token)
                .put(manner.letter())
                .putInt(length)
                .putInt(millis)
                .array();
    }

    static Request read(DataInputStream from) throws IOException {
        return new Request(from.readLong(), Manner.of(from.readByte()), from.readInt(), from.readInt());
    }

    /** The right answer; for the server. */
    byte[] answer() {
        ByteBuffer answer = ByteBuffer.allocate(HEAD + length);
        answer.putInt(ANSWER).putLong(token).putInt(length);
        while (answer.hasRemaining()) {
            answer.put(filling(answer.position() - HEAD));
        }
        return answer.array();
    }

    byte[] unasked() {
        return ByteBuffer.allocate(HEAD)
                .putInt(UNASKED)
                .putLong(token)
                .putInt(0)
                .array();
    }

    byte[] garbage() {
        return ByteBuffer.allocate(HEAD)
                .putInt(GARBAGE)
                .putLong(token)
                .putInt(0)
                .array();
    }

    private static String asked(long token) {
        return String.valueOf(ASKED.get(Math.floorMod(token, ASKED.length())));
    }

    private byte filling(int index) {
        return (byte) (token * 31 + index);
    }

    /** Reads the answer to this question; for the client. */
    void readAnswer(InputStream from) throws IOException {
        ByteBuffer head = ByteBuffer.wrap(readFully(from, HEAD));
        int kind = head.getInt();
        long tokenRead = head.getLong();
        if (kind == GARBAGE && manner == Manner.GARBAGE && tokenRead == token) {
            throw new IOException("garbage, as was asked for");
        }
        if (kind != ANSWER || tokenRead != token || head.getInt() != length) {
            throw new WrongAnswer("question " + this + " was answered by kind " + Integer.toHexString(kind) + ", token "
                    + tokenRead + ": a foreign or stale answer; this " + asked(token) + ", that "
                    + asked(tokenRead));
        }
        byte[] filled = readFully(from, length);
        if (manner.breaksTheStream()) {
            throw new WrongAnswer("the answer to " + this + " was accepted from a broken stream");
        }
        for (int i = 0; i < length; i++) {
            if (filled[i] != filling(i)) {
                throw new WrongAnswer("byte " + i + " of the answer to " + this + " is wrong");
            }
        }
    }

    private byte[] readFully(InputStream from, int length) throws IOException {
        byte[] bytes = from.readNBytes(length);
        if (bytes.length < length && manner.breaksTheStream()) {
            throw new WrongAnswer("the stream of " + this + " was broken and ended as if it were whole");
        }
        if (bytes.length < length) {
            throw new EOFException("the answer ended early");
        }
        return bytes;
    }
}

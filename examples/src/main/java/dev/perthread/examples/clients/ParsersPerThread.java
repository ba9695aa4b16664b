package dev.perthread.examples.clients;

import dev.perthread.ThreadStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.HexFormat;
import java.util.Locale;
import java.util.TimeZone;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.xml.sax.SAXException;

/** What of the JDK is not thread-safe and costs something to make, one per thread. There is nothing to close. */
final class ParsersPerThread implements AutoCloseable {
    // docs: start
    private final ThreadStore<DocumentBuilder> parsers = ThreadStore.create();
    private final ThreadStore<MessageDigest> digests = ThreadStore.create();
    private final ThreadStore<Matcher> matchers =
            ThreadStore.withInitial(() -> Pattern.compile("id=\"(\\w+)\"").matcher(""));
    private final ThreadStore<SimpleDateFormat> formats = ThreadStore.withInitial(() -> {
        SimpleDateFormat format = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS", Locale.ROOT);
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        return format;
    });

    String root(String xml) throws ParserConfigurationException, SAXException, IOException {
        DocumentBuilder parser = parsers.getOrOpen(ParsersPerThread::secureParser); // throws as itself
        parser.reset();
        return parser.parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)))
                .getDocumentElement()
                .getTagName();
    }

    private static DocumentBuilder secureParser() throws ParserConfigurationException {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder();
    }

    String sha256(String text) throws NoSuchAlgorithmException {
        MessageDigest digest = digests.getOrOpen(() -> MessageDigest.getInstance("SHA-256"));
        digest.reset(); // whoever failed between update and digest has left something in it
        return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    String id(String xml) {
        Matcher matcher = matchers.get().reset(xml);
        return matcher.find() ? matcher.group(1) : "";
    }

    String format(Date date) {
        return formats.get().format(date);
    }

    @Override
    public void close() {
        parsers.close();
        digests.close();
        matchers.close();
        formats.close();
    }
    // docs: end

    /** Takes an XML document. */
    public static void main(String[] arguments) throws Exception {
        try (ParsersPerThread parsers = new ParsersPerThread()) {
            System.out.println(parsers.root(arguments[0]) + " " + parsers.id(arguments[0]));
        }
    }
}

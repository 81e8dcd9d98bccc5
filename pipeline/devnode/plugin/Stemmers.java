package newsline.devnode;

import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ar.ArabicStemFilter;
import org.apache.lucene.analysis.de.GermanLightStemFilter;
import org.apache.lucene.analysis.de.GermanMinimalStemFilter;
import org.apache.lucene.analysis.el.GreekStemFilter;
import org.apache.lucene.analysis.en.EnglishMinimalStemFilter;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.es.SpanishLightStemFilter;
import org.apache.lucene.analysis.fa.PersianStemFilter;
import org.apache.lucene.analysis.fr.FrenchLightStemFilter;
import org.apache.lucene.analysis.fr.FrenchMinimalStemFilter;
import org.apache.lucene.analysis.it.ItalianLightStemFilter;
import org.apache.lucene.analysis.pt.PortugueseLightStemFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.tartarus.snowball.SnowballStemmer;
import org.tartarus.snowball.ext.DanishStemmer;
import org.tartarus.snowball.ext.DutchStemmer;
import org.tartarus.snowball.ext.EnglishStemmer;
import org.tartarus.snowball.ext.FinnishStemmer;
import org.tartarus.snowball.ext.FrenchStemmer;
import org.tartarus.snowball.ext.GermanStemmer;
import org.tartarus.snowball.ext.HungarianStemmer;
import org.tartarus.snowball.ext.ItalianStemmer;
import org.tartarus.snowball.ext.NorwegianStemmer;
import org.tartarus.snowball.ext.PortugueseStemmer;
import org.tartarus.snowball.ext.RomanianStemmer;
import org.tartarus.snowball.ext.RussianStemmer;
import org.tartarus.snowball.ext.SpanishStemmer;
import org.tartarus.snowball.ext.SwedishStemmer;
import org.tartarus.snowball.ext.TurkishStemmer;

/** The filter `stemmer`: the name in its setting `language` to the Lucene class behind it. */
final class Stemmers {
    private static final Map<String, UnaryOperator<TokenStream>> BY_NAME =
            Map.ofEntries(
                    Map.entry("arabic", ArabicStemFilter::new),
                    Map.entry("danish", snowball(DanishStemmer::new)),
                    Map.entry("dutch", snowball(DutchStemmer::new)),
                    Map.entry("english", PorterStemFilter::new),
                    Map.entry("porter", PorterStemFilter::new),
                    Map.entry("porter2", snowball(EnglishStemmer::new)),
                    Map.entry("light_english", KStemFilter::new),
                    Map.entry("minimal_english", EnglishMinimalStemFilter::new),
                    Map.entry("possessive_english", EnglishPossessiveFilter::new),
                    Map.entry("finnish", snowball(FinnishStemmer::new)),
                    Map.entry("french", snowball(FrenchStemmer::new)),
                    Map.entry("light_french", FrenchLightStemFilter::new),
                    Map.entry("minimal_french", FrenchMinimalStemFilter::new),
                    Map.entry("german", snowball(GermanStemmer::new)),
                    // Since Lucene 10 the German stemmer does what german2 did.
                    Map.entry("german2", snowball(GermanStemmer::new)),
                    Map.entry("light_german", GermanLightStemFilter::new),
                    Map.entry("minimal_german", GermanMinimalStemFilter::new),
                    Map.entry("greek", GreekStemFilter::new),
                    Map.entry("hungarian", snowball(HungarianStemmer::new)),
                    Map.entry("italian", snowball(ItalianStemmer::new)),
                    Map.entry("light_italian", ItalianLightStemFilter::new),
                    Map.entry("norwegian", snowball(NorwegianStemmer::new)),
                    Map.entry("persian", PersianStemFilter::new),
                    Map.entry("portuguese", snowball(PortugueseStemmer::new)),
                    Map.entry("light_portuguese", PortugueseLightStemFilter::new),
                    Map.entry("romanian", snowball(RomanianStemmer::new)),
                    Map.entry("russian", snowball(RussianStemmer::new)),
                    Map.entry("spanish", snowball(SpanishStemmer::new)),
                    Map.entry("light_spanish", SpanishLightStemFilter::new),
                    Map.entry("swedish", snowball(SwedishStemmer::new)),
                    Map.entry("turkish", snowball(TurkishStemmer::new)));

    private Stemmers() {}

    /** The filter for a name; names are compared without case, as in Elasticsearch. */
    static UnaryOperator<TokenStream> named(String name) {
        UnaryOperator<TokenStream> filter = BY_NAME.get(name.toLowerCase(Locale.ROOT));
        if (filter == null) {
            throw new IllegalArgumentException(
                    "the development node has no stemmer [" + name + "]: add it to Stemmers.java");
        }
        return filter;
    }

    /** A Snowball stemmer keeps state: each token stream gets its own. */
    private static UnaryOperator<TokenStream> snowball(Supplier<SnowballStemmer> stemmer) {
        return tokens -> new SnowballFilter(tokens, stemmer.get());
    }
}

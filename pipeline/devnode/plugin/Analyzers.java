package newsline.devnode;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BiFunction;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.ar.ArabicAnalyzer;
import org.apache.lucene.analysis.cjk.CJKAnalyzer;
import org.apache.lucene.analysis.de.GermanAnalyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.fa.PersianAnalyzer;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.ru.RussianAnalyzer;
import org.apache.lucene.analysis.tr.TurkishAnalyzer;
import org.elasticsearch.index.analysis.AbstractIndexAnalyzerProvider;
import org.elasticsearch.index.analysis.Analysis;
import org.elasticsearch.index.analysis.AnalyzerProvider;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;

/** Whole analyzers by language, with their settings `stopwords` and `stem_exclusion`. */
final class Analyzers {
    static final Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> BY_LANGUAGE =
            new HashMap<>();

    static {
        add("arabic", ArabicAnalyzer.getDefaultStopSet(), ArabicAnalyzer::new);
        add("cjk", CJKAnalyzer.getDefaultStopSet(), (stop, unstemmed) -> new CJKAnalyzer(stop));
        add("english", EnglishAnalyzer.getDefaultStopSet(), EnglishAnalyzer::new);
        add("french", FrenchAnalyzer.getDefaultStopSet(), FrenchAnalyzer::new);
        add("german", GermanAnalyzer.getDefaultStopSet(), GermanAnalyzer::new);
        add("persian", PersianAnalyzer.getDefaultStopSet(), PersianAnalyzer::new);
        add("russian", RussianAnalyzer.getDefaultStopSet(), RussianAnalyzer::new);
        add("spanish", SpanishAnalyzer.getDefaultStopSet(), SpanishAnalyzer::new);
        add("turkish", TurkishAnalyzer.getDefaultStopSet(), TurkishAnalyzer::new);
    }

    private Analyzers() {}

    private static void add(
            String language,
            CharArraySet usualStops,
            BiFunction<CharArraySet, CharArraySet, Analyzer> recipe) {
        BY_LANGUAGE.put(
                language,
                (index, env, name, settings) -> {
                    CharArraySet stops = Analysis.parseStopWords(env, settings, usualStops);
                    CharArraySet unstemmed =
                            Analysis.parseStemExclusion(settings, CharArraySet.EMPTY_SET);
                    return new Provider(name, recipe.apply(stops, unstemmed));
                });
    }

    private static final class Provider extends AbstractIndexAnalyzerProvider<Analyzer> {
        private final Analyzer analyzer;

        Provider(String name, Analyzer analyzer) {
            super(name);
            this.analyzer = analyzer;
        }

        @Override
        public Analyzer get() {
            return analyzer;
        }
    }
}

<?php
// A SoapClient that speaks the exchange profile: PHP's own ext/soap, ext/dom and ext/openssl, nothing else.
// docs/guide/submit.md shows how to use it.

const SOAP_11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const SOAP_12 = 'http://www.w3.org/2003/05/soap-envelope';
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const X509 = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3';
const SERVICE = 'urn:cordon:service:1';
const BASE64 = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';

/** Signs every request with the park's certificate and verifies every answer with the hub's. */
class SignedSoapClient extends SoapClient
{
    /** The last answer as it came. */
    public string $lastAnswer = '';
    /** How many answers were verified. */
    public int $verified = 0;
    private OpenSSLAsymmetricKey $key;
    private string $token;
    private array $trusted;

    /**
     * @param string $wsdl    address of the WSDL
     * @param string $folder  your certificates as the park issued them: key.pem, certificate.pem, chain.pem
     * @param string $root    the park's root certificate
     * @param array  $trusted certificates that may have issued the hub's: root and issuing
     */
    public function __construct(string $wsdl, string $folder, string $root, array $trusted, int $version)
    {
        $this->key = openssl_pkey_get_private(file_get_contents("$folder/key.pem"));
        $this->token = self::body(file_get_contents("$folder/certificate.pem"));
        $this->trusted = $trusted;
        parent::__construct($wsdl, [
            'soap_version' => $version,
            'cache_wsdl' => WSDL_CACHE_NONE,
            'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
            'stream_context' => stream_context_create(['ssl' => [
                'local_cert' => "$folder/chain.pem",
                'local_pk' => "$folder/key.pem",
                'cafile' => $root,
            ]]),
        ]);
    }

    public function __doRequest(string $request, string $location, string $action, int $version, bool $oneWay = false): ?string
    {
        $document = new DOMDocument();
        $document->loadXML($request);
        $this->sign($document);
        $sent = $document->saveXML();
        $answer = parent::__doRequest($sent, $location, $action, $version, $oneWay);
        $this->lastAnswer = (string) $answer;
        if ($answer !== null) {
            $this->verify($answer, hash('sha256', $sent));
        }
        return $answer;
    }

    private function sign(DOMDocument $document): void
    {
        $envelope = $document->documentElement;
        $soap = $envelope->namespaceURI;
        $body = $envelope->getElementsByTagNameNS($soap, 'Body')->item(0);
        $header = $envelope->getElementsByTagNameNS($soap, 'Header')->item(0)
            ?? $envelope->insertBefore($document->createElementNS($soap, $envelope->prefix . ':Header'), $body);
        // With decimals: the hub refuses the very same signed message a second time.
        $now = new DateTimeImmutable('now', new DateTimeZone('UTC'));
        $stamp = static fn (DateTimeImmutable $at): string => $at->format('Y-m-d\TH:i:s.u\Z');
        $security = self::add($header, WSSE, 'wsse:Security');
        $timestamp = self::add($security, WSU, 'wsu:Timestamp');
        self::add($timestamp, WSU, 'wsu:Created', $stamp($now));
        self::add($timestamp, WSU, 'wsu:Expires', $stamp($now->modify('+240 seconds')));
        $token = self::add($security, WSSE, 'wsse:BinarySecurityToken', $this->token);
        $token->setAttribute('ValueType', X509);
        $token->setAttribute('EncodingType', BASE64);
        foreach (['body' => $body, 'timestamp' => $timestamp, 'token' => $token] as $id => $element) {
            $element->setAttributeNS(WSU, 'wsu:Id', $id);
        }
        $signature = self::add($security, DS, 'ds:Signature');
        $info = self::add($signature, DS, 'ds:SignedInfo');
        self::add($info, DS, 'ds:CanonicalizationMethod')->setAttribute('Algorithm', EXCLUSIVE);
        $isRsa = openssl_pkey_get_details($this->key)['type'] === OPENSSL_KEYTYPE_RSA;
        self::add($info, DS, 'ds:SignatureMethod')->setAttribute(
            'Algorithm',
            'http://www.w3.org/2001/04/xmldsig-more#' . ($isRsa ? 'rsa-sha256' : 'ecdsa-sha256')
        );
        foreach (['body' => $body, 'timestamp' => $timestamp] as $id => $element) {
            $reference = self::add($info, DS, 'ds:Reference');
            $reference->setAttribute('URI', "#$id");
            self::add(self::add($reference, DS, 'ds:Transforms'), DS, 'ds:Transform')->setAttribute('Algorithm', EXCLUSIVE);
            self::add($reference, DS, 'ds:DigestMethod')->setAttribute('Algorithm', SHA256);
            self::add($reference, DS, 'ds:DigestValue', base64_encode(hash('sha256', $element->C14N(true), true)));
        }
        openssl_sign($info->C14N(true), $value, $this->key, OPENSSL_ALGO_SHA256);
        self::add($signature, DS, 'ds:SignatureValue', base64_encode($isRsa ? $value : self::plainOfDer($value)));
        $info = self::add(self::add($signature, DS, 'ds:KeyInfo'), WSSE, 'wsse:SecurityTokenReference');
        $reference = self::add($info, WSSE, 'wsse:Reference');
        $reference->setAttribute('URI', '#token');
        $reference->setAttribute('ValueType', X509);
    }

    /**
     * Body, Timestamp and the digest of the request must be what the hub's certificate signed, the park must have issued
     * that, and the digest must be that of what was sent: an old answer, kept and given again, is not taken.
     */
    private function verify(string $answer, string $sent): void
    {
        $document = new DOMDocument();
        $document->loadXML($answer);
        $path = new DOMXPath($document);
        foreach (['wsse' => WSSE, 'wsu' => WSU, 'ds' => DS] as $prefix => $namespace) {
            $path->registerNamespace($prefix, $namespace);
        }
        $one = static fn (string $query) => $path->query($query)->item(0) ?? throw new Exception("the answer has no $query");
        $pem = "-----BEGIN CERTIFICATE-----\n" . chunk_split(trim($one('//wsse:BinarySecurityToken')->textContent), 64, "\n") . "-----END CERTIFICATE-----\n";
        $issued = array_filter($this->trusted, static fn ($ca) => openssl_x509_verify($pem, file_get_contents($ca)) === 1);
        if ($issued === []) {
            throw new Exception('the answer is signed by a stranger');
        }
        $covered = [];
        foreach ($path->query('//ds:SignedInfo/ds:Reference') as $reference) {
            $id = substr($reference->getAttribute('URI'), 1);
            $target = $one("//*[@wsu:Id='$id']");
            $digest = base64_encode(hash('sha256', $target->C14N(true), true));
            if ($digest !== trim($path->query('ds:DigestValue', $reference)->item(0)->textContent)) {
                throw new Exception("the answer's $id was changed");
            }
            $covered["{{$target->namespaceURI}}$target->localName"] = $target;
        }
        $soap = $document->documentElement->namespaceURI;
        if (!isset($covered["{{$soap}}Body"], $covered['{' . WSU . '}Timestamp'])) {
            throw new Exception('Body or Timestamp of the answer is not signed');
        }
        if (trim($covered['{' . SERVICE . '}RequestDigest']?->textContent ?? '') !== $sent) {
            throw new Exception('the answer is not the one to this request');
        }
        $value = base64_decode($one('//ds:SignatureValue')->textContent);
        $isRsa = str_ends_with($one('//ds:SignatureMethod')->getAttribute('Algorithm'), 'rsa-sha256');
        $is = openssl_verify($one('//ds:SignedInfo')->C14N(true), $isRsa ? $value : self::derOfPlain($value), $pem, OPENSSL_ALGO_SHA256);
        if ($is !== 1) {
            throw new Exception("the answer's signature is wrong");
        }
        $this->verified++;
    }

    private static function add(DOMElement $parent, string $namespace, string $name, string $text = ''): DOMElement
    {
        $element = $parent->ownerDocument->createElementNS($namespace, $name);
        if ($text !== '') {
            $element->appendChild($parent->ownerDocument->createTextNode($text));
        }
        $parent->appendChild($element);
        return $element;
    }

    /** The base64 between the marks of a PEM file. */
    private static function body(string $pem): string
    {
        return preg_replace('/-----[^-]+-----|\s/', '', $pem);
    }

    /** ECDSA as XML Signature wants it: r and s, 32 bytes each. */
    private static function plainOfDer(string $der): string
    {
        $number = static function (int &$at) use ($der): string {
            $length = ord($der[$at + 1]);
            $bytes = ltrim(substr($der, $at + 2, $length), "\0");
            $at += 2 + $length;
            return str_pad($bytes, 32, "\0", STR_PAD_LEFT);
        };
        $at = 2;
        return $number($at) . $number($at);
    }

    /** ECDSA as OpenSSL wants it. */
    private static function derOfPlain(string $plain): string
    {
        $number = static function (string $bytes): string {
            $bytes = ltrim($bytes, "\0");
            $bytes = $bytes === '' || ord($bytes[0]) > 127 ? "\0$bytes" : $bytes;
            return "\x02" . chr(strlen($bytes)) . $bytes;
        };
        $both = $number(substr($plain, 0, 32)) . $number(substr($plain, 32));
        return "\x30" . chr(strlen($both)) . $both;
    }
}
